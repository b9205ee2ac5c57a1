import { shallowRef } from 'vue';

export interface Consent {
  /** Why nothing can be encrypted here. */
  why: string;
  answer(plain: boolean): void;
}

/** The question that is open now: whether to begin a conversation without encryption. */
export const consent = shallowRef<Consent>();

/** Asks the person, where this browser cannot encrypt. Nobody is written to in plain text without having said so. */
export const consentsToPlain = (why: string): Promise<boolean> =>
  new Promise((resolve) => {
    consent.value = {
      why,
      answer: (plain) => {
        consent.value = undefined;
        resolve(plain);
      },
    };
  });
