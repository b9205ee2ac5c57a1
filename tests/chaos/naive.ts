import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSchema, graphql } from 'graphql';
import { RedisPubSub } from 'graphql-redis-subscriptions';
import { useServer } from 'graphql-ws/use/ws';
import { Redis } from 'ioredis';
import pg from 'pg';
import { WebSocketServer } from 'ws';

// The control. It does what the recipes of these libraries show: each append is stored, then published, and a
// subscription is the iterator of the pub/sub engine. There is no cursor. Everything else is as little as possible.

const schema = buildSchema(`
  type User { id: ID! }
  type Viewer { id: ID! }
  type AuthPayload { accessToken: String! viewer: Viewer! }
  input RegisterInput { username: String! displayName: String password: String! cookies: Boolean }
  input LogInInput { username: String! password: String! cookies: Boolean }
  type Room { id: ID! }
  input CreateRoomInput { name: String! kind: String }
  type Membership { role: String! }
  type Message { id: ID! roomId: ID! seq: Int! body: String deletedAt: String }
  input SendMessageInput { id: ID! roomId: ID! body: String! }
  input EditMessageInput { id: ID! body: String! }
  interface RoomEvent { roomId: ID! seq: Int! }
  type RoomCreated implements RoomEvent { roomId: ID! seq: Int! }
  type Reset implements RoomEvent { roomId: ID! seq: Int! epoch: ID! }
  type MemberJoined implements RoomEvent { roomId: ID! seq: Int! user: User }
  type MemberLeft implements RoomEvent { roomId: ID! seq: Int! user: User }
  type MemberRemoved implements RoomEvent { roomId: ID! seq: Int! user: User }
  type RoleChanged implements RoomEvent { roomId: ID! seq: Int! user: User }
  type MessageSent implements RoomEvent { roomId: ID! seq: Int! message: Message! }
  type MessageEdited implements RoomEvent { roomId: ID! seq: Int! message: Message! }
  type MessageDeleted implements RoomEvent { roomId: ID! seq: Int! message: Message! }
  type Query { ready: Boolean }
  type Mutation {
    register(input: RegisterInput!): AuthPayload!
    logIn(input: LogInInput!): AuthPayload!
    createRoom(input: CreateRoomInput!): Room!
    addMember(roomId: ID!, userId: ID!): Membership!
    sendMessage(input: SendMessageInput!): Message!
    editMessage(input: EditMessageInput!): Message!
    deleteMessage(id: ID!): Message!
  }
  input RoomPosition { roomId: ID! seq: Int! }
  type Subscription { viewerLog(after: [RoomPosition!], epoch: ID): RoomEvent! roomLog(roomId: ID!, after: Int, epoch: ID): RoomEvent! }
`);

const { DATABASE_URL: connectionString, REDIS_URL: redisUrl = '' } = process.env;
const pool = new pg.Pool({ connectionString });
pool.on('error', () => {});
const connect = () => new Redis(redisUrl).on('error', () => {});
const pubsub = new RedisPubSub({ publisher: connect(), subscriber: connect() });
process.on('unhandledRejection', () => {});

const signedIn = (id: string) => ({ accessToken: id, viewer: { id } });
const rootValue = {
  register: async ({ input }: Input<{ username: string }>) => {
    const values = `gen_random_uuid(), $1, $1, $1, ''`;
    const { rows } = await pool.query(
      `INSERT INTO "user" (id, username, username_key, display_name, password_hash) VALUES (${values})
       ON CONFLICT (username_key) DO UPDATE SET username = excluded.username RETURNING id`,
      [input.username],
    );
    return signedIn(rows[0].id);
  },
  logIn: async ({ input }: Input<{ username: string }>) => rootValue.register({ input }),
  createRoom: async ({ input }: Input<{ name: string }>) => {
    const create = `INSERT INTO room (id, kind, name) VALUES (gen_random_uuid(), 'PRIVATE', $1) RETURNING id`;
    const { id } = (await pool.query(create, [input.name])).rows[0];
    await append(id, { kind: 'ROOM_CREATED', type: 'RoomCreated' });
    return { id };
  },
  addMember: async ({ roomId, userId }: { roomId: string; userId: string }) => {
    const add = `INSERT INTO membership (room_id, user_id, joined_seq) VALUES ($1, $2, 1) ON CONFLICT DO NOTHING`;
    const { rowCount } = await pool.query(add, [roomId, userId]);
    if (rowCount) await append(roomId, { kind: 'MEMBER_JOINED', type: 'MemberJoined', subject: userId });
    return { role: 'MEMBER' };
  },
  sendMessage: ({ input }: Input<{ id: string; roomId: string; body: string }>) =>
    append(input.roomId, { kind: 'MESSAGE', type: 'MessageSent', id: input.id, body: input.body }),
  editMessage: ({ input: { id, body } }: Input<{ id: string; body: string }>) =>
    rewrite(id, body, `body = $2`, { kind: 'MESSAGE_EDITED', type: 'MessageEdited' }),
  deleteMessage: ({ id }: { id: string }) =>
    rewrite(id, null, `body = $2, deleted_at = now()`, { kind: 'MESSAGE_DELETED', type: 'MessageDeleted' }),
  roomLog: ({ roomId }: { roomId: string }) => pubsub.asyncIterator(`room:${roomId}`),
  viewerLog: ({ after }: { after: { roomId: string }[] }) =>
    pubsub.asyncIterator(after.map(({ roomId }) => `room:${roomId}`)),
};
type Input<T> = { input: T };
type Append = { kind: string; type: string; id?: string; subject?: string; target?: string; body?: string | null };

async function append(roomId: string, { kind, type, id, subject, target, body = null }: Append) {
  const message = { id: target ?? id, roomId, body, deletedAt: kind === 'MESSAGE_DELETED' ? 'now' : null };
  const known = id && (await pool.query('SELECT seq FROM entry WHERE id = $1', [id])).rows[0];
  if (known) return { ...message, seq: known.seq };
  const numbered = kind === 'MESSAGE' ? 'last_seq' : 'NULL';
  const { rows } = await pool.query(
    `WITH bumped AS (UPDATE room SET last_seq = last_seq + 1 WHERE id = $1 RETURNING last_seq)
     INSERT INTO entry (room_id, seq, id, kind, subject_id, target_id, body, ordinal, changed_seq)
     SELECT $1, last_seq, coalesce($2, gen_random_uuid()), $3::"EntryKind", $4, $5, $6, ${numbered}, ${numbered}
     FROM bumped RETURNING seq`,
    [roomId, id ?? null, kind, subject ?? null, target ?? null, kind === 'MESSAGE' ? body : null],
  );
  const { seq } = rows[0];
  const event = { __typename: type, roomId, seq, user: subject && { id: subject }, message: { ...message, seq } };
  await pubsub.publish(`room:${roomId}`, { roomLog: event, viewerLog: event });
  return { ...message, seq };
}

async function rewrite(id: string, body: string | null, change: string, entry: Append) {
  const { rows } = await pool.query(`UPDATE entry SET ${change} WHERE id = $1 RETURNING room_id`, [id, body]);
  return append(rows[0].room_id, { ...entry, target: id, body });
}

const server = createServer(async (request, response) => {
  let text = '';
  for await (const part of request) text += part;
  const { query, variables } = JSON.parse(text);
  const result = await graphql({ schema, source: query, rootValue, variableValues: variables });
  response.end(JSON.stringify(result));
});
useServer(
  { schema, roots: { query: rootValue, mutation: rootValue, subscription: rootValue } },
  new WebSocketServer({ server, path: '/graphql' }),
);
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`naive is listening on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.once('SIGTERM', () => process.exit(0));
