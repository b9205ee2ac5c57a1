import { z } from 'zod';

/** Devices in a group. */
export const MOST_DEVICES = 250;
/** Bytes of a commit, of a group info and of a welcome. */
const LARGE = 524_288;
/** Bytes of a message’s header, and of its content. */
const SMALL = 65_536;
const MOST_FILES = 10;

const bytes = (most: number) =>
  z
    .instanceof(Uint8Array<ArrayBuffer>)
    .refine(({ length }) => length > 0, 'This is empty.')
    .refine(({ length }) => length <= most, `This has more than ${most} bytes.`);

const Id = z.uuid('The id must be a UUID.').transform((id) => id.toLowerCase());
const DeviceId = z.guid('This is no id of a device.').transform((id) => id.toLowerCase());
const DeviceIds = z
  .array(DeviceId)
  .max(MOST_DEVICES, `At most ${MOST_DEVICES} devices at once.`)
  .transform((ids) => [...new Set(ids)])
  .nullish()
  .transform((ids) => ids ?? []);
const Count = z.int().min(0).max(2_147_483_646);

export const Opening = z.object({
  roomId: z.string(),
  generation: Count.min(1),
  id: Id,
  suite: z.int().min(1).max(65_535),
  groupInfo: bytes(LARGE),
});

export const Commit = z.object({
  roomId: z.string(),
  generation: Count,
  epoch: Count,
  id: Id,
  commit: bytes(LARGE),
  groupInfo: bytes(LARGE),
  external: z
    .boolean()
    .nullish()
    .transform((external) => external ?? false),
  adds: DeviceIds,
  removes: DeviceIds,
  welcomes: z
    .array(z.object({ deviceIds: DeviceIds, mls: bytes(LARGE) }))
    .max(MOST_DEVICES)
    .nullish()
    .transform((welcomes) => welcomes ?? []),
});

export type Commit = z.output<typeof Commit>;

export const Sealed = z.object({
  roomId: z.string(),
  generation: Count,
  epoch: Count,
  id: Id,
  kind: z.enum(['MESSAGE', 'EVENT']),
  mls: bytes(SMALL),
  body: bytes(SMALL).nullish(),
  targetId: z.string().nullish(),
  files: z.array(z.string()).max(MOST_FILES, `A message has at most ${MOST_FILES} files.`).nullish(),
});
