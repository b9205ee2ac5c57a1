import { setTimeout as sleep } from 'node:timers/promises';
import { isPassing } from '../web/crypto/device/errors.ts';
import type { Server } from '../web/crypto/device/ports.ts';
import type { Random } from './chaos/random.ts';
import { wrapped } from './crypto/device/faults.ts';
import type { Mortals } from './mortals.ts';
import type { Node } from './world.ts';

/** When nodes are killed: while they do something that a device has asked for, at some moment between question and answer. */
export class Strikes {
  private isDue: (deed: string) => boolean = () => false;
  private readonly usual = new Map<string, number>();

  constructor(
    private readonly mortals: Mortals,
    private readonly random: Random,
  ) {}

  none() {
    this.isDue = () => false;
  }

  /** At each of these deeds, when it is asked for the `nth` time from now on. Gives those that are left. */
  once(deeds: string[], nth = 1) {
    const left = new Map(deeds.map((deed) => [deed, nth]));
    this.isDue = (deed) => {
      const times = left.get(deed) ?? 0;
      if (times > 1) left.set(deed, times - 1);
      return times === 1 && left.delete(deed);
    };
    return left;
  }

  /** The way of a device to its node. Whoever gets no answer has one when there is a node again to ask. */
  way = (server: Server, { url }: Node): Server => {
    return wrapped(server, async (deed, act) => {
      const struck = this.isDue(deed) ? this.kill({ url }, deed) : undefined;
      const since = performance.now();
      try {
        const answer = await act();
        this.usual.set(deed, performance.now() - since);
        return answer;
      } catch (error) {
        if (isPassing(error)) await this.mortals.back();
        throw error;
      } finally {
        await struck;
      }
    });
  };

  /** Soon: while the node answers what it is asked now. */
  kill = async ({ url }: Pick<Node, 'url'>, deed = 'log') => {
    await sleep(this.random.next() * (this.usual.get(deed) ?? 20));
    void this.mortals.nodes.find((one) => one.url === url)?.kill();
  };
}
