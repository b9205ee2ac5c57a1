import { setImmediate } from 'node:timers/promises';
import { ServerError } from '../../../web/crypto/device/errors.ts';
import type { Server } from '../../../web/crypto/device/ports.ts';
import { wrapped } from './faults.ts';

/** How the way to the server is: what is asked, what is answered, how often and how late, and whether it lives to answer. */
export type Weather = 'fair' | (typeof FOUL)[number] | 'killed';
export const FOUL = ['lostRequest', 'lostAnswer', 'twice', 'lateRequest', 'lateAnswer'] as const;

/** A server behind a network, whose weather is asked for at each call, and what kills it in the middle of one. */
export function behind(server: Server, weather: () => Weather, kill = async () => {}): Server {
  return wrapped(server, async (_, act) => {
    const now = weather();
    if (now === 'lostRequest') throw lost();
    if (now === 'lateRequest') await aWhile();
    if (now === 'twice') await act();
    const killed = now === 'killed' ? kill() : undefined;
    const answer = await act().finally(() => killed);
    if (now === 'lateAnswer') await aWhile();
    if (now === 'lostAnswer') throw lost();
    return answer;
  });
}

/** Long enough for others to come first. */
async function aWhile() {
  for (let turn = 0; turn < 30; turn++) await setImmediate();
}

const lost = () => new ServerError('NETWORK', 'The train is in a tunnel.');
