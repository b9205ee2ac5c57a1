import type { InvitedContent } from '../sealing/content.ts';
import type { Core } from './core.ts';
import type { Draft } from './draft.ts';
import type { LogEntry, Person } from './log.ts';
import type { RoomFacts } from './ports.ts';

/** What an entry says of who is in the room, as far as it decides to whom is encrypted. */
export function followMember(core: Core, { record, room }: Draft, entry: LogEntry) {
  const user = 'user' in entry ? entry.user?.id : undefined;
  switch (entry.__typename) {
    case 'RoomCreated':
      if (entry.by) record.roles[entry.by.id] = 'OWNER';
      return;
    case 'MemberJoined':
      if (!user) return;
      record.left = record.left.filter((id) => id !== user);
      record.roles[user] = entry.role as RoomFacts['role'];
      if (user === core.self.accountId) record.cameAlone = entry.by?.id === user;
      room.lookedAt = 0;
      if (entry.by?.id !== core.self.accountId || user === core.self.accountId) return;
      // What is said next is for them too, if they were asked in: that is not for the server to say.
      record.owes.members = true;
      record.asking = [...without(record.asking, user), user];
      return;
    case 'RoleChanged':
      if (user) record.roles[user] = entry.role as RoomFacts['role'];
      return;
    case 'OwnershipTransferred':
      if (user) record.roles[user] = 'OWNER';
      if (entry.by) record.roles[entry.by.id] = 'MODERATOR';
      return;
    case 'MemberLeft':
    case 'MemberRemoved':
      return leave();
    case 'MemberBanned':
      if (entry.wasMember) leave();
  }

  function leave() {
    if (!user) return;
    delete record.roles[user];
    record.invited = without(record.invited, user);
    record.strangers = without(record.strangers, user);
    record.asking = without(record.asking, user);
    if (!record.left.includes(user)) record.left.push(user);
  }
}

/** Somebody of the room has asked an account in: they answer for it. Who is a stranger here asks nobody in. */
export function takeInvitation({ record, room }: Draft, { account, accountKey }: InvitedContent, senderId: string) {
  if (record.strangers?.includes(senderId)) return;
  record.invited = [...without(record.invited, account), account];
  record.strangers = without(record.strangers, account);
  if (accountKey) record.invitedKeys = { ...record.invitedKeys, [account]: accountKey };
  // Who is there already is let in before anything else is said.
  if (record.roles[account]) record.owes.members = true;
  room.lookedAt = 0;
}

/** Remembers how people are called, wherever the log names them. */
export function learnPeople(core: Core, entry: LogEntry) {
  const people: (Person | null | undefined)[] = ['by' in entry ? entry.by : null, 'user' in entry ? entry.user : null];
  if ('message' in entry) people.push(entry.message.author);
  for (const person of people) if (person) core.people.set(person.id, person);
}

export const without = (ids: string[] | undefined, id: string): string[] => ids?.filter((one) => one !== id) ?? [];
