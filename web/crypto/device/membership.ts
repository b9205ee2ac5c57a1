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
      if (entry.by?.id === core.self.accountId && !record.invited.includes(user)) record.invited.push(user);
      room.lookedAt = 0;
      // What is said next is for them too.
      if (entry.by?.id === core.self.accountId) record.owes.members = true;
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
    record.invited = record.invited.filter((id) => id !== user);
    if (record.strangers) record.strangers = record.strangers.filter((id) => id !== user);
    if (!record.left.includes(user)) record.left.push(user);
  }
}

/** Remembers how people are called, wherever the log names them. */
export function learnPeople(core: Core, entry: LogEntry) {
  const people: (Person | null | undefined)[] = ['by' in entry ? entry.by : null, 'user' in entry ? entry.user : null];
  if ('message' in entry) people.push(entry.message.author);
  for (const person of people) if (person) core.people.set(person.id, person);
}
