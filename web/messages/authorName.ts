import type { Message } from '../lib/roomStore';

/** Whom a message is from, as people see it. */
export const authorName = ({ author, integration }: Pick<Message, 'author' | 'integration'>) =>
  author?.displayName ?? integration ?? 'Deleted account';
