import type { Core } from './core.ts';
import type { RoomMessage } from './log.ts';
import { blockersOf } from './ready.ts';
import { accountsIn, isIn, type Room } from './roomState.ts';

/** What is to be shown of an encrypted room besides what is said in it. Plain values. */
export interface RoomSummary {
  roomId: string;
  state: 'ready' | 'catching-up' | 'waiting' | 'not-joined' | 'broken';
  problem?: string;
  name: string;
  topic: string;
  history: 'joining' | 'all';
  /** Positions of messages of others that call the person, newest last. */
  mentions: number[];
  lastMessage?: Pick<RoomMessage, 'id' | 'seq' | 'body' | 'createdAt' | 'author' | 'files'>;
  members: { userId: string; deviceId: string; own: boolean }[];
  onlyInTree: string[];
  onlyOnServer: string[];
  blockedBy: string[];
  notAskedIn: string[];
  asking: string[];
  readableFrom: number;
  lastSeq: number;
}

const MOST_MENTIONS = 100;

export function summaryOf(core: Core, room: Room): RoomSummary {
  const { record, view } = room;
  const { card } = record;
  const messages = view.messages().filter(({ message }) => !message.deletedAt);
  const last = messages.at(-1)?.message;
  return {
    roomId: record.id,
    ...stateOf(room),
    name: card?.name ?? '',
    topic: card?.topic ?? '',
    history: card?.history ?? 'joining',
    mentions: messages
      .filter(({ message }) => calls(core, room, message))
      .map(({ seq }) => seq)
      .slice(-MOST_MENTIONS),
    ...(last && { lastMessage: shortOf(last) }),
    members: membersOf(core, room),
    ...differences(room),
    blockedBy: blockersOf(core, room),
    readableFrom: readableFrom(room),
    lastSeq: record.cursor,
  };
}

/** Where nothing is closed to this device, it reads from the beginning. */
function readableFrom({ record, view }: Room): number {
  const all = view.all();
  const isCut = (all[0]?.seq ?? 1) > 1;
  const isClosed = all.some((entry) => entry.kind === 'message' && entry.state === 'locked');
  return isCut || isClosed ? record.readableFrom : Math.min(1, record.readableFrom);
}

function stateOf(room: Room): Pick<RoomSummary, 'state' | 'problem'> {
  const { record } = room;
  if (isIn(room)) return { state: 'ready' };
  if (record.problem) return { state: 'broken', problem: PROBLEMS[record.problem] };
  // A direct room's group is made with the first message.
  if (!record.generation) return { state: 'ready' };
  return { state: record.cameAlone && record.kind !== 'DIRECT' && !record.link ? 'not-joined' : 'waiting' };
}

const PROBLEMS = {
  intruder: 'Somebody tried to get into this room without being asked in. Nothing was sent to them.',
  forked:
    'The server has shown this room differently to different people: something may be missing here, or in another order.',
  unverified: 'A change of the keys of this room could not be verified.',
  rolledBack: 'This browser was set back to an earlier state, and has lost keys that it used.',
};

function calls({ self }: Core, { record }: Room, { author, mentions, mentionsRoom }: RoomMessage): boolean {
  if (author?.id === self.accountId) return false;
  return record.kind === 'DIRECT' || mentionsRoom || mentions.some(({ id }) => id === self.accountId);
}

const shortOf = ({ id, seq, body, createdAt, author, files }: RoomMessage) => ({
  id,
  seq,
  body,
  createdAt,
  author,
  files,
});

const membersOf = ({ self }: Core, { group }: Room) =>
  group?.members.map(({ credential: { accountId, deviceId } }) => ({
    userId: accountId,
    deviceId,
    own: deviceId === self.deviceId,
  })) ?? [];

/** The server's list of members, as its log has it, and the tree's; and who waits for somebody's word to be let in. */
function differences({
  group,
  record,
}: Room): Pick<RoomSummary, 'onlyInTree' | 'onlyOnServer' | 'notAskedIn' | 'asking'> {
  if (!group || record.kind === 'DIRECT') return { onlyInTree: [], onlyOnServer: [], notAskedIn: [], asking: [] };
  const inTree = accountsIn({ group });
  const onServer = Object.keys(record.roles);
  const onlyOnServer = onServer.filter((id) => !inTree.includes(id));
  const notAskedIn = onlyOnServer.filter((id) => !record.invited.includes(id));
  return {
    onlyInTree: inTree.filter((id) => !record.roles[id]),
    onlyOnServer,
    notAskedIn,
    asking: notAskedIn.filter((id) => record.asking?.includes(id)),
  };
}
