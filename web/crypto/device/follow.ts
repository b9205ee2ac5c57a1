import { type Bytes, equal } from '../bytes.ts';
import { sharedKeys } from '../history/history.ts';
import type { DeviceCredential } from '../identity/credential.ts';
import type { AppliedCommit, GroupState } from '../mls/engine.ts';
import { MlsError } from '../mls/errors.ts';
import { sha256 } from '../primitives.ts';
import type { HistoryContent } from '../sealing/content.ts';
import { SealError } from '../sealing/errors.ts';
import { openBody } from '../sealing/seal.ts';
import { putClosed, putDeletion, putEvent, putMessage, putPlain, putPlainChange, putSilent } from './apply.ts';
import { unsavedKey } from './backup.ts';
import type { Core } from './core.ts';
import type { Draft } from './draft.ts';
import { DeviceError } from './errors.ts';
import { keep, keepShared, keyOf } from './keys.ts';
import type { Committed, LogEntry, Sealed } from './log.ts';
import { followMember, learnPeople, takeInvitation } from './membership.ts';
import { isProven, judge, knownIn, meetStrangers, unprovenOf, type Verdict } from './policy.ts';
import { keyKey } from './roomState.ts';
import { layTrail } from './trail.ts';
import type { Told } from './view.ts';

/** Takes the next entry of the log into the draft. The log has no holes: anything but the next entry throws. */
export async function follow(core: Core, draft: Draft, entry: LogEntry) {
  if (entry.seq <= draft.record.cursor) return;
  if (entry.seq !== draft.record.cursor + 1) throw new LogHole(draft.record.cursor, entry.seq);
  learnPeople(core, entry);
  await take(core, draft, entry);
  await layTrail(draft.record, entry);
  draft.record.cursor = entry.seq;
}

/** The server has left something out of the log. */
export class LogHole extends DeviceError {
  constructor(after: number, next: number) {
    super('BROKEN', `The server leaves something out of this room: after entry ${after} it goes on with ${next}.`);
  }
}

async function take(core: Core, draft: Draft, entry: LogEntry) {
  switch (entry.__typename) {
    case 'MessageSent':
      return takeMessage(core, draft, entry);
    case 'SealedEventSent':
      return takeEvent(core, draft, entry);
    case 'MessageDeleted':
      draft.removes.push(keyKey(entry.roomId, entry.message.id), unsavedKey(entry.roomId, entry.message.id));
      return putDeletion(draft, entry, entry.message, entry.by ?? null);
    case 'MessageEdited':
    case 'MessagePinned':
    case 'MessageUnpinned':
    case 'ReactionsChanged':
      return entry.message.sealed ? putSilent(draft, entry) : putPlainChange(draft, entry);
    case 'GroupOpened':
      return takeOpening(core, draft, entry);
    case 'GroupCommitted':
      return takeCommit(core, draft, entry);
    case 'RoomEncrypted':
      draft.record.sealedFrom ||= entry.seq;
      return draft.view.put({ seq: entry.seq, at: entry.at, kind: 'told', what: 'encrypted', user: entry.by });
    case 'DeviceRevoked':
      if (!draft.record.revoked.includes(entry.revokedId)) draft.record.revoked.push(entry.revokedId);
      return putSilent(draft, entry);
    case 'RoomChanged':
      return putSilent(draft, entry);
    case 'Reset':
      return putSilent(draft, entry);
    case 'MessagesExpired':
      return takeExpiry(draft, entry);
    default:
      followMember(core, draft, entry);
      return draft.view.put({ seq: entry.seq, at: entry.at, kind: 'notice', event: entry });
  }
}

/** What was said up to there is gone, here as well. */
function takeExpiry(draft: Draft, entry: Extract<LogEntry, { __typename: 'MessagesExpired' }>) {
  const { roomId, upTo } = entry;
  const held = [...draft.room.view.messages(), ...draft.view.messages()];
  for (const { seq, at, message } of held.filter((one) => one.seq <= upTo)) {
    putSilent(draft, { seq, at });
    draft.removes.push(keyKey(roomId, message.id), unsavedKey(roomId, message.id));
  }
  draft.view.put({ seq: entry.seq, at: entry.at, kind: 'notice', event: entry });
}

async function takeMessage(core: Core, draft: Draft, { message: told, seq }: Extract<LogEntry, { message: object }>) {
  const message = { ...told, seq };
  const { sealed, id } = message;
  // Whatever the server says: nobody here writes in plain text any more.
  const { sealedFrom } = draft.record;
  if (!sealed)
    return sealedFrom && seq > sealedFrom ? putClosed(draft, message, 'unreadable') : putPlain(draft, message);
  draft.record.sealedFrom ||= seq;
  // Shown where it was said first: the server says it once more.
  if ((draft.view.message(id)?.seq ?? seq) !== seq) return putSilent(draft, { seq, at: message.createdAt });
  const said = await open(core, draft, id, sealed, seq);
  if (said === 'locked' || said === 'unreadable') return putClosed(draft, message, said);
  if (message.deletedAt) return putClosed(draft, message, said.content ? 'read' : said.state, said.senderId);
  // Only what was deleted has no body any more.
  if (!said.content) return putClosed(draft, message, 'unreadable', said.senderId);
  if (said.content.type === 'message') return putMessage(draft, message, { ...said, content: said.content });
  putClosed(draft, message, 'unreadable', said.senderId);
}

async function takeEvent(core: Core, draft: Draft, entry: Extract<LogEntry, { __typename: 'SealedEventSent' }>) {
  const said = await open(core, draft, entry.id, entry.sealed, entry.seq);
  if (typeof said === 'string' || !said.content) return putSilent(draft, entry);
  const { content, senderId } = said;
  // The server drops what was said about a message together with it: it must know which, and not another.
  if (entry.targetId && !('target' in content && content.target === entry.targetId)) return putSilent(draft, entry);
  if (content.type === 'history') await takeHistory(core, draft, content);
  if (content.type === 'invited') takeInvitation(draft, content, senderId);
  const hadCard = !!draft.record.card;
  putEvent(draft, { seq: entry.seq, at: entry.at }, { content, senderId });
  if (!hadCard && draft.record.card) await proveJoins(draft);
}

type Said = { senderId: string } & (
  | { content: Exclude<Awaited<ReturnType<typeof openBody>>['content'], never> }
  | { content?: undefined; state: 'read' | 'unreadable' }
);

/** What a sealed entry says, and who signed it. The keys that open it are kept: MLS forgets them. */
async function open(
  core: Core,
  draft: Draft,
  id: string,
  sealed: Sealed,
  seq: number,
): Promise<Said | 'locked' | 'unreadable'> {
  const found = await keyOf(core, draft, id, sealed, seq);
  if (found === 'locked' || found === 'unreadable') return found;
  draft.record.readableFrom ||= seq;
  const { senderId } = found;
  if (!sealed.body) return { senderId, state: 'read' };
  try {
    const { content } = await openBody(found, sealed.body as Bytes);
    keep(draft, found, content.type, seq);
    return { senderId, content };
  } catch (error) {
    if (error instanceof SealError) return { senderId, state: 'unreadable' };
    throw error;
  }
}

/** A new group takes the place of the old one. Who is not in it yet waits for a Welcome, or joins. */
function takeOpening(core: Core, draft: Draft, entry: Extract<LogEntry, { __typename: 'GroupOpened' }>) {
  const { record } = draft;
  const { pending } = record;
  const isRenewal = entry.generation > 1;
  draft.view.put({
    seq: entry.seq,
    at: entry.at,
    ...(isRenewal ? { kind: 'told', what: 'renewed', user: entry.by } : { kind: 'silent' }),
  });
  record.sealedFrom ||= entry.seq;
  if (entry.generation <= record.generation) return;
  record.generation = entry.generation;
  record.unproven = [];
  record.resyncs = 0;
  delete record.pending;
  delete record.problem;
  if (draft.group) record.former = knownIn(draft.group, record);
  const isOwn =
    pending?.what === 'open' && pending.generation === entry.generation && entry.deviceId === core.self.deviceId;
  draft.group = isOwn ? core.engine.load(pending.next) : undefined;
  if (!isOwn) return;
  record.readableFrom ||= isRenewal ? entry.seq : 1;
  record.enteredAt ||= entry.seq;
  record.lastCommitAt = record.ownCommitAt = core.ports.clock.now();
  record.owes = { ...record.owes, card: !!record.card, members: true };
}

async function takeCommit(core: Core, draft: Draft, entry: Extract<LogEntry, { __typename: 'GroupCommitted' }>) {
  putSilent(draft, entry);
  const { record, group } = draft;
  record.sealedFrom ||= entry.seq;
  if (entry.generation !== record.generation) return;
  const { pending } = record;
  const isPending =
    pending?.what === 'commit' && pending.generation === entry.generation && pending.epoch === entry.epoch;
  if (isPending) delete record.pending;
  if (isPending && equal(pending.commit, entry.commit)) return adopt(core, draft, entry.seq, pending);
  if (!group || group.removed || record.problem) return;
  if (group.epoch > BigInt(entry.epoch)) return checkBranch(draft, group, entry);
  await followCommit(core, draft, group, entry);
}

/** Followed before, and now again. If another commit has led to this epoch, this device's state is of no use any more. */
async function checkBranch(draft: Draft, group: GroupState, { epoch, commit }: Committed) {
  const { lastCommit } = draft.record;
  const isLast = group.epoch === BigInt(epoch) + 1n && lastCommit;
  if (isLast && !equal(lastCommit, await sha256(commit))) draft.group = undefined;
}

async function adopt(
  core: Core,
  draft: Draft,
  seq: number,
  pending: Extract<Draft['record']['pending'], { what: 'commit' }>,
) {
  const { record } = draft;
  const before = draft.group;
  draft.group = core.engine.load(pending.next);
  record.lastCommit = await sha256(pending.commit);
  record.lastCommitAt = record.ownCommitAt = core.ports.clock.now();
  if (pending.external) {
    record.readableFrom ||= seq;
    record.enteredAt ||= seq;
    meetStrangers(record, draft.group, before);
    record.resyncs += record.problem ? 1 : 0;
    record.unproven = [];
    delete record.problem;
    delete record.link;
    record.owes.card ||= !!record.card;
    return;
  }
  if (!pending.adds.length) return;
  record.owes.card = !!record.card;
  record.owes.history.push(...pending.adds.map(({ deviceId }) => deviceId));
}

async function followCommit(
  core: Core,
  draft: Draft,
  group: GroupState,
  entry: Extract<LogEntry, { __typename: 'GroupCommitted' }>,
) {
  const { record } = draft;
  let verdict: Verdict = 'yes';
  try {
    const applied = await core.engine.applyCommit(group, entry.commit, async (commit) => {
      verdict = await judge(commit, group, record);
      return verdict !== 'no';
    });
    draft.group = applied.state;
    record.lastCommit = await sha256(entry.commit);
    record.lastCommitAt = core.ports.clock.now();
    if ((verdict as Verdict) === 'unproven') record.unproven.push(unprovenOf(applied));
    oweTo(core, draft, group, applied);
    tellOf(core, draft, group, applied, entry);
  } catch (error) {
    if (!(error instanceof MlsError)) throw error;
    record.problem = (verdict as Verdict) === 'no' ? 'intruder' : 'unverified';
  }
}

/** Who came by themselves is told what the others know: by whoever of these is first. */
function oweTo(
  { self }: Core,
  { record }: Draft,
  before: GroupState,
  { external, committer: { credential } }: AppliedCommit,
) {
  const wasIn = before.members.some((known) => known.credential.deviceId === credential.deviceId);
  if (!external || wasIn) return;
  record.owes.card = !!record.card;
  if (credential.accountId !== self.accountId) record.owes.history.push(credential.deviceId);
}

/** What a commit means to people, in one line: of a changed key first. */
function tellOf(core: Core, draft: Draft, before: GroupState, applied: AppliedCommit, { seq, at }: LogEntry) {
  const newcomers = [...applied.adds, ...(applied.external ? [applied.committer] : [])].map((one) => one.credential);
  const known = before.members.map(({ credential }) => credential);
  const hasOtherKey = ({ accountId, accountKey }: DeviceCredential) => {
    const pinned = core.pins.keyOf(accountId);
    return !!pinned && !equal(pinned, accountKey);
  };
  const isOfSomebodyHere = ({ accountId }: DeviceCredential) => known.some((one) => one.accountId === accountId);
  const isNew = ({ deviceId }: DeviceCredential) => !known.some((one) => one.deviceId === deviceId);
  const byLink = applied.external && draft.record.kind !== 'DIRECT';

  const news: [Told, DeviceCredential | undefined][] = [
    ['keyChanged', newcomers.find(hasOtherKey)],
    ['joinedByLink', byLink ? newcomers.find((one) => !isOfSomebodyHere(one)) : undefined],
    ['newDevice', newcomers.find((one) => isOfSomebodyHere(one) && isNew(one))],
  ];
  const [what, who] = news.find(([, somebody]) => somebody) ?? [];
  if (what && who) draft.view.put({ seq, at, kind: 'told', what, user: draft.person(who.accountId) });
}

/** Joins from before the card was known here: if one of them is a ghost's, nothing is said to it. */
export async function proveJoins({ record }: Draft) {
  for (const join of record.unproven) if (!(await isProven(join, record))) record.problem = 'intruder';
  record.unproven = [];
}

/** Keys of what was said before this device came. Whoever shares them vouches for the senders. */
async function takeHistory(core: Core, draft: Draft, content: HistoryContent) {
  const { record } = draft;
  record.owes.history = record.owes.history.filter((deviceId) => deviceId !== content.target);
  if (content.target !== core.self.deviceId) return;
  for (const key of sharedKeys(content)) await keepShared(core, draft, key);
  record.isStale = true;
}
