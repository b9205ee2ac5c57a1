import { openCrypto } from '../encryption/useCrypto';
import type { TypingSubscription, UserPartsFragment } from '../gql/graphql';
import { execute, subscribe } from '../lib/live';
import type { NamedPerson } from '../messages/messageNames';
import { setTyping, typingSubscription } from './typingDocuments';

export type Typist = Pick<UserPartsFragment, 'id' | 'displayName'>;

/** Where one room's typing comes from and goes to. */
export interface TypingChannel {
  follow(next: (user: Typist, at: TypingSubscription['typing']['at']) => void): () => void;
  tell(): Promise<unknown>;
}

/** By the server, which sees it. */
export const plainTyping = (roomId: string): TypingChannel => ({
  follow: (next) =>
    subscribe(typingSubscription, () => ({ roomId }), {
      next: ({ typing }) => next(typing.user, typing.at),
      complete: () => 'again',
    }),
  tell: () => execute(setTyping, { roomId }),
});

/** From device to device, sealed. What seals it is loaded with the room. */
export function sealedTyping(roomId: string, people: () => readonly NamedPerson[]): TypingChannel {
  const signals = async () => (await openCrypto()).signals(roomId);
  return {
    follow(next) {
      let stop: (() => void) | null = () => {};
      signals().then(
        ({ follow }) => {
          stop &&= follow(({ kind, userId }, at) => {
            const typist = people().find(({ id }) => id === userId);
            if (kind === 'typing' && typist) next(typist, at);
          });
        },
        // Whoever shows the room says that it could not be loaded.
        () => {},
      );
      return () => {
        stop?.();
        stop = null;
      };
    },
    tell: async () => (await signals()).tell({ kind: 'typing', upTo: 0 }),
  };
}
