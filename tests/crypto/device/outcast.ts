import { expect } from 'vitest';
import type { Bytes } from '../../../web/crypto/bytes.ts';
import { ServerError } from '../../../web/crypto/device/errors.ts';
import type { LogEntry } from '../../../web/crypto/device/log.ts';
import type { MemoryStore } from '../../../web/crypto/device/memoryStore.ts';
import type { Server } from '../../../web/crypto/device/ports.ts';
import type { GroupState } from '../../../web/crypto/mls/engine.ts';
import { MlsError } from '../../../web/crypto/mls/errors.ts';
import { mlsOf } from '../../../web/crypto/mls/state.ts';
import { suiteOf } from '../../../web/crypto/mls/suite.ts';
import { readMessageOf } from '../../../web/crypto/mls/wire.ts';
import { breakInto } from '../adversary.ts';
import { wrapped } from './faults.ts';
import { groupsIn, type LoggedEntry } from './heard.ts';
import { type Browser, browser } from './people.ts';

/** Somebody who was put out of a room, and kept the disk and the keys that they had then. */
export class Outcast {
  private constructor(
    private readonly kept: Browser,
    private readonly disk: MemoryStore,
    private readonly since: number,
  ) {}

  /** As they are now, when the log ends at `since`. */
  static of(kept: Browser, since: number) {
    return new Outcast(kept, (kept.ports.store as MemoryStore).copy(), since);
  }

  /** Tries with all that the server has, which somebody else is served, to read what was said after. False if they had no way in. */
  async reachesNothing(roomId: string, log: LoggedEntry[], served: Server): Promise<boolean> {
    const out = this.outOf(log);
    const last = out && (await this.lastState(roomId, this.shown(served, out.seq - 1)));
    if (!out || !last) return false;
    const entries = await entriesAfter(out.seq - 1, roomId, served);
    await this.opensNoneOf(last, entries);
    if (entries[0]?.__typename === 'GroupCommitted') await this.breaksNot(last, entries[0].commit);
    const read = await this.readIn(roomId, this.shown(served, log.length));
    expect({ reader: this.kept.user.displayName, after: read.filter((seq) => seq > out.seq) }).toEqual({
      reader: this.kept.user.displayName,
      after: [],
    });
    return true;
  }

  /** What has put the device out of the group. */
  private outOf(log: LoggedEntry[]): LoggedEntry | undefined {
    const { deviceId } = this.kept.device.core.self;
    const all = [...groupsIn(log)];
    if (!all[this.since - 1]?.devices.has(deviceId)) return undefined;
    return all.slice(this.since).find(({ devices }) => !devices.has(deviceId))?.entry;
  }

  private async lastState(roomId: string, served: Server): Promise<GroupState | undefined> {
    const { device } = await this.opened(served);
    const { record, group } = await device.follow(roomId).catch(() => device.room(roomId));
    return record.problem || group?.removed ? undefined : group;
  }

  private async opensNoneOf(last: GroupState, entries: LogEntry[]) {
    const { engine } = this.kept.device.core;
    for (const { mls } of entries.flatMap(sealedIn))
      await expect(engine.decrypt(last, mls)).rejects.toBeInstanceOf(MlsError);
  }

  private async breaksNot(last: GroupState, commit: Bytes) {
    const suite = await suiteOf(this.kept.device.identity.signer);
    const { publicMessage } = readMessageOf('mls_public_message', commit);
    expect(await breakInto(mlsOf(last), publicMessage, suite)).toBeUndefined();
  }

  private async readIn(roomId: string, served: Server): Promise<number[]> {
    const { device } = await this.opened(served);
    const { view } = await device.follow(roomId).catch(() => device.room(roomId));
    return view.messages().flatMap(({ state, seq }) => (state === 'read' ? [seq] : []));
  }

  private opened(server: Server) {
    return browser(this.kept.user, server, { store: this.disk.copy(), keys: this.kept.ports.keys as never });
  }

  /** What is served to a member, up to there. Whoever is out can ask for nothing to be done. */
  private shown(served: Server, lastSeq: number): Server {
    const { accountId, deviceId, accountKey } = this.kept.device.core.self;
    const facts = { user: this.kept.user, accountKey, deviceId, keyPackagesLeft: 50 };
    return wrapped(served, async (name, act, [roomId, after, first]) => {
      if (name === 'account') return facts;
      if (name === 'welcomes') return [];
      if (!['log', 'room', 'group', 'members'].includes(name))
        throw new ServerError('FORBIDDEN', `${accountId} is out.`);
      if (name !== 'log') return act();
      const page = await served.log(roomId as string, after as number, first as number);
      return { ...page, lastSeq, entries: page.entries.filter(({ seq }) => seq <= lastSeq) };
    });
  }
}

async function entriesAfter(seq: number, roomId: string, served: Server): Promise<LogEntry[]> {
  const { entries } = await served.log(roomId, seq, 32);
  const last = entries.at(-1);
  return last ? [...entries, ...(await entriesAfter(last.seq, roomId, served))] : [];
}

function sealedIn(entry: LogEntry) {
  if (entry.__typename === 'SealedEventSent') return [entry.sealed];
  return entry.__typename === 'MessageSent' && entry.message.sealed ? [entry.message.sealed] : [];
}
