import type { Core } from '../core.ts';
import { idOf } from '../input.ts';
import { getMembership } from '../rooms/memberships.ts';
import type { Viewer } from '../users/users.ts';

/** What the server has of one person in an encrypted room, counted in its rows. */
export interface Traces {
  /** In the group, by name. */
  devices: string[];
  messages: number;
  /** Messages that it can read: from before the room was encrypted. */
  plainMessages: number;
  /** What is sealed and no message, such as edits and answers. */
  events: number;
  commits: number;
  /** Of all that is sealed, headers and contents. */
  bytes: number;
  files: number;
  fileBytes: number;
  firstAt: Date | null;
  lastAt: Date | null;
}

/** What the server has of the viewer in one of their rooms. */
export async function tracesOf(core: Core, viewer: Viewer, roomId: string): Promise<Traces> {
  await getMembership(core, viewer, roomId);
  const [room, person] = [idOf(roomId, 'Room'), viewer.id];
  const [entries, files, devices] = await Promise.all([
    core.db.$queryRaw<Omit<Traces, 'devices' | 'files' | 'fileBytes'>[]>`
      SELECT
        count(*) FILTER (WHERE kind = 'MESSAGE' AND encoding = 'MLS')::int AS messages,
        count(*) FILTER (WHERE kind = 'MESSAGE' AND encoding = 'NONE')::int AS "plainMessages",
        count(*) FILTER (WHERE kind = 'EVENT')::int AS events,
        count(*) FILTER (WHERE kind IN ('COMMIT', 'GROUP_OPENED'))::int AS commits,
        coalesce(sum(coalesce(octet_length(mls), 0) + coalesce(octet_length(sealed), 0)), 0)::float8 AS bytes,
        min(created_at) AS "firstAt", max(created_at) AS "lastAt"
      FROM entry WHERE actor_id = ${person}::uuid AND room_id = ${room}::uuid`,
    core.db.file.aggregate({ where: { roomId: room, ownerId: person }, _count: true, _sum: { size: true } }),
    core.db.$queryRaw<{ name: string }[]>`
      SELECT d.name FROM group_device g JOIN device d ON d.id = g.device_id
      WHERE g.room_id = ${room}::uuid AND d.user_id = ${person}::uuid ORDER BY d.created_at`,
  ]);
  const [counted] = entries;
  if (!counted) throw new Error('an aggregate has a row');
  return {
    ...counted,
    devices: devices.map(({ name }) => name),
    files: files._count,
    fileBytes: files._sum.size ?? 0,
  };
}
