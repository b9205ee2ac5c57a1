import { change } from './database';
import { pause } from './retry';
import { uuidv7 } from './uuid';

interface Lease {
  holder: string;
  until: number;
}

const LASTS = 40_000;
const RENEWED_EVERY = 10_000;
const ASKED_EVERY = 500;

/**
 * Runs something while no other tab of this browser runs what has the same name. Where there are no Web Locks, whoever
 * holds a lease in IndexedDB may; where that is not to be had either, the tabs share nothing that could be done twice.
 */
export function exclusively<Result>(owner: string, name: string, act: () => Promise<Result>): Promise<Result> {
  const locks = globalThis.navigator?.locks;
  return locks ? (locks.request(`shh-${owner}-${name}`, act) as Promise<Result>) : leased(owner, `lease ${name}`, act);
}

async function leased<Result>(owner: string, key: string, act: () => Promise<Result>): Promise<Result> {
  const holder = uuidv7();
  while (!(await take(owner, key, holder))) await pause(ASKED_EVERY);
  const renewal = setInterval(take, RENEWED_EVERY, owner, key, holder);
  try {
    return await act();
  } finally {
    clearInterval(renewal);
    await change<Lease>('facts', owner, key, (held) => (held?.holder === holder ? undefined : held));
  }
}

/** Whether it is ours now. Nothing is read where nothing can be kept. */
async function take(owner: string, key: string, holder: string): Promise<boolean> {
  const mine = { holder, until: Date.now() + LASTS };
  const isFree = (held?: Lease) => !held || held.holder === holder || held.until < Date.now();
  const now = await change<Lease>('facts', owner, key, (held) => (isFree(held) ? mine : held));
  return !now || now.holder === holder;
}
