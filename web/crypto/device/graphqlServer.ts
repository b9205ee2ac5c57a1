import type { Bytes } from '../bytes.ts';
import { fromBase64, toBase64 } from '../primitives.ts';
import * as documents from './documents.ts';
import { ServerError } from './errors.ts';
import type { LogEntry } from './log.ts';
import type { Group, MemberFacts, RoomFacts, Server, Welcome } from './ports.ts';

/**
 * Asks the server's GraphQL API, signed in. Gives the data; rejects with a `ServerError` (`serverError` makes one of
 * what the API answers).
 */
// biome-ignore lint/suspicious/noExplicitAny: the documents say what their answers are
export type Ask = (document: string, variables: object) => Promise<any>;

const MOST_IDENTITIES = 100;

/** The delivery service behind a GraphQL API. */
export function graphqlServer(ask: Ask): Server {
  const put = (document: string, input: object) => ask(document, { input: written(input) });
  return {
    rooms: async () => {
      const { viewer } = await ask(documents.ROOMS, {});
      return viewer.rooms.map(roomFacts).filter(({ encryption }: RoomFacts) => encryption === 'MLS');
    },
    room: async (id) => roomFacts((await ask(documents.ROOM_NOW, { id })).room),
    log: async (id, after, first) => {
      const { room, server } = await ask(documents.LOG, { id, after, first });
      return { entries: room.log.map(readEntry), lastSeq: room.lastSeq, epoch: server.epoch };
    },
    group: async (id) => groupOf((await ask(documents.GROUP, { id })).room.group),
    members: (id) => membersOf(ask, id),
    account: async () => {
      const { viewer } = await ask(documents.ACCOUNT, {});
      const { identities } = await ask(documents.IDENTITIES, { userIds: [viewer.id] });
      const accountKey = read(identities[0]?.accountKey);
      const { user, device, keyPackagesLeft } = viewer;
      return { user, accountKey: accountKey ?? undefined, deviceId: device?.id, keyPackagesLeft };
    },
    registerDevice: (input) => put(documents.REGISTER, input),
    publishKeyPackages: async (keyPackages, lastResort) =>
      (await ask(documents.PUBLISH, written({ keyPackages, lastResort }) as object)).publishKeyPackages,
    claimKeyPackages: async (roomId, deviceIds) => {
      const { claimKeyPackages } = await ask(documents.CLAIM, { roomId, deviceIds });
      return claimKeyPackages.map(({ device, keyPackage }: { device: { id: string }; keyPackage: string }) => ({
        deviceId: device.id,
        keyPackage: read(keyPackage),
      }));
    },
    openGroup: (input) => put(documents.OPEN, input),
    commitGroup: (input) => put(documents.COMMIT, input),
    sendSealed: async (input) => (await put(documents.SEND, input)).sendSealed,
    deleteMessage: (id) => ask(documents.DELETE, { id }),
    welcomes: async () => {
      const { viewer } = await ask(documents.WELCOMES, {});
      return viewer.welcomes.map((welcome: Welcome & { mls: string }) => ({ ...welcome, mls: read(welcome.mls) }));
    },
    takeWelcomes: (ids) => ask(documents.TAKE_WELCOMES, { ids }),
    secret: async (name) => {
      const { secret } = (await ask(documents.SECRET, { name })).viewer;
      return secret ? { version: secret.version, blob: read(secret.blob) as Bytes } : undefined;
    },
    putSecret: (name, version, blob) => ask(documents.PUT_SECRET, { name, version, blob: toBase64(blob) }),
    backupRooms: async () => (await ask(documents.BACKUP_ROOMS, {})).viewer.backupRooms,
    backupSegments: async (roomId, after) => {
      const { viewer } = await ask(documents.SEGMENTS, { roomId, after });
      return viewer.backupSegments.map(({ n, blob }: { n: number; blob: string }) => ({ n, blob: read(blob) }));
    },
    putBackupSegment: (roomId, n, blob) => ask(documents.PUT_SEGMENT, { roomId, n, blob: toBase64(blob) }),
  };
}

interface GraphqlError {
  message: string;
  extensions?: { code?: string; reason?: string } & Record<string, unknown>;
}

/** What the API answered instead of data, or that it did not answer. */
export function serverError(errors: readonly GraphqlError[] | undefined): ServerError {
  const [error] = errors ?? [];
  if (!error) return new ServerError('NETWORK', 'The server does not answer.');
  const { code = 'INTERNAL_SERVER_ERROR', reason, ...details } = error.extensions ?? {};
  return new ServerError(code, error.message, reason, details);
}

/** An entry of the log as it comes from the API, with its bytes as bytes. */
// biome-ignore lint/suspicious/noExplicitAny: an answer
export function readEntry(entry: any): LogEntry {
  if (entry.message?.sealed)
    return { ...entry, message: { ...entry.message, sealed: readSealed(entry.message.sealed) } };
  if (entry.sealed) return { ...entry, sealed: readSealed(entry.sealed) };
  return entry.commit ? { ...entry, commit: read(entry.commit) } : entry;
}

const readSealed = <Sealed extends { mls: string; body: string | null }>(sealed: Sealed) => ({
  ...sealed,
  mls: read(sealed.mls),
  body: read(sealed.body),
});

function read(text: string | null | undefined): Bytes | null {
  return typeof text === 'string' ? (fromBase64(text) ?? new Uint8Array()) : null;
}

/** Bytes as Base64, at any depth. */
function written(value: unknown): unknown {
  if (value instanceof Uint8Array) return toBase64(value);
  if (Array.isArray(value)) return value.map(written);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, written(part)]));
}

const roomFacts = ({ membership, ...room }: RoomFacts & { membership: { role: RoomFacts['role'] } }): RoomFacts => ({
  ...room,
  role: membership.role,
});

function groupOf(
  group: (Omit<Group, 'groupInfo' | 'deviceIds'> & { groupInfo: string; devices: { id: string }[] }) | null,
) {
  if (!group) return undefined;
  const { generation, epoch, groupInfo, devices, pendingRemovalIds } = group;
  const deviceIds = devices.map(({ id }) => id);
  return { generation, epoch, groupInfo: read(groupInfo) as Bytes, deviceIds, pendingRemovalIds };
}

interface MembersPage {
  nodes: Pick<MemberFacts, 'user' | 'role'>[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

async function membersOf(ask: Ask, id: string): Promise<MemberFacts[]> {
  const members: Pick<MemberFacts, 'user' | 'role'>[] = [];
  for (let page: MembersPage | undefined; !page || page.pageInfo.hasNextPage; ) {
    page = (await ask(documents.MEMBERS, { id, after: page?.pageInfo.endCursor })).room.members as MembersPage;
    members.push(...page.nodes);
  }
  const devices = new Map<string, MemberFacts['devices']>();
  for (let at = 0; at < members.length; at += MOST_IDENTITIES) {
    const userIds = members.slice(at, at + MOST_IDENTITIES).map(({ user }) => user.id);
    for (const one of (await ask(documents.IDENTITIES, { userIds })).identities)
      devices.set(one.userId, one.devices.map(deviceOf));
  }
  return members.map((member) => ({ ...member, devices: devices.get(member.user.id) ?? [] }));
}

const deviceOf = ({ id, credential, revokedAt }: { id: string; credential: string; revokedAt: string | null }) => ({
  id,
  credential: read(credential) as Bytes,
  revoked: revokedAt !== null,
});
