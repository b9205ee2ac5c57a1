import type { Message } from '../lib/roomStore';

export type Reaction = Message['reactions'][number];
export type Reactor = Reaction['users'][number];

/** What the viewer wants a message to be answered with, or no longer, before the server has said so: by emoji. */
export type Wishes = ReadonlyMap<string, boolean>;

const MOST_NAMES = 10;
const list = new Intl.ListFormat('en', { type: 'conjunction' });

export const isOwn = ({ users }: Reaction, viewerId: string) => users.some(({ id }) => id === viewerId);

/** "Ada Lindqvist, Bea and you": who answered with an emoji, as far as they are told of. */
export function reactorNames({ users, count }: Reaction, viewerId: string): string {
  const others = users.filter(({ id }) => id !== viewerId).map(({ displayName }) => displayName);
  const own = others.length < users.length ? ['you'] : [];
  const named = others.slice(0, MOST_NAMES - own.length);
  const more = count - named.length - own.length;
  return list.format([...named, ...own, ...(more > 0 ? [`${more} more`] : [])]);
}

/** The message as it will be once the server has done what the viewer wants. */
export function withWishes(message: Message, wishes: Wishes, me: Reactor): Message {
  let { reactions } = message;
  for (const [emoji, on] of wishes) reactions = wished(reactions, emoji, on, me);
  return reactions === message.reactions ? message : { ...message, reactions };
}

function wished(reactions: readonly Reaction[], emoji: string, on: boolean, me: Reactor): Reaction[] {
  const held = reactions.find((reaction) => reaction.emoji === emoji) ?? { emoji, count: 0, users: [] };
  if (isOwn(held, me.id) === on) return reactions as Reaction[];
  const users = on ? [...held.users, me] : held.users.filter(({ id }) => id !== me.id);
  const now = { emoji, count: held.count + (on ? 1 : -1), users };
  const others = reactions.map((reaction) => (reaction === held ? now : reaction));
  return (held.count ? others : [...reactions, now]).filter(({ count }) => count > 0);
}
