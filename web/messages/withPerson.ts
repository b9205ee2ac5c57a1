import type { Message, Notice, RoomLog } from '../lib/roomStore';
import { type PersonNews, personNow } from '../users/personNow';
import type { Reaction } from './reactions';

/** The room with a person as they are now, wherever they stand in it. What does not name them stays the same object. */
export function withPerson(log: RoomLog, news: PersonNews): RoomLog {
  const messages = log.messages.map((message) => messageNow(message, news));
  return { ...log, messages, notices: log.notices.map((notice) => noticeNow(notice, news)) };
}

export function messageNow(message: Message, news: PersonNews): Message {
  if (!peopleIn(message).some((person) => person?.id === news.userId)) return message;
  const { author, replyTo, mentions, reactions } = message;
  return {
    ...message,
    author: personNow(author, news),
    replyTo: replyTo && { ...replyTo, author: personNow(replyTo.author, news) },
    mentions: those(mentions, news),
    reactions: reactions.map((reaction) => reactionNow(reaction, news)).filter(({ count }) => count > 0),
  };
}

const peopleIn = ({ author, replyTo, mentions, reactions }: Message) => [
  author,
  replyTo?.author,
  ...mentions,
  ...reactions.flatMap(({ users }) => users),
];

function reactionNow(reaction: Reaction, news: PersonNews): Reaction {
  const users = those(reaction.users, news);
  return { ...reaction, users, count: reaction.count - reaction.users.length + users.length };
}

function noticeNow(notice: Notice, news: PersonNews): Notice {
  const by = 'by' in notice && { by: personNow(notice.by, news) };
  const user = 'user' in notice && { user: personNow(notice.user, news) };
  return { ...notice, ...by, ...user };
}

const those = <Person extends { id: string }>(people: readonly Person[], news: PersonNews) =>
  people.flatMap((person) => personNow(person, news) ?? []);
