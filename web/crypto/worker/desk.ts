import { type Device, type DeviceOptions, openDevice } from '../device/device.ts';
import { DeviceError, isPassing, ServerError } from '../device/errors.ts';
import { graphqlServer } from '../device/graphqlServer.ts';
import type { Clock, Ports, RoomFacts, Server } from '../device/ports.ts';
import { isIn, type Room } from '../device/roomState.ts';
import { openSignal } from '../device/signals.ts';
import { fromBase64 } from '../primitives.ts';
import type { CryptoStatus, CryptoViewer } from '../types.ts';
import { Board } from './board.ts';
import type { BrowserStore } from './browserStore.ts';
import type { News } from './protocol.ts';
import { RecoveryDesk } from './recoveryDesk.ts';
import { askSignedIn } from './signedInServer.ts';

const AGAIN_FROM = 2_000;
const AGAIN_AT_MOST = 60_000;
const LOOKED_AFTER_EVERY = 30_000;
const TOGETHER = 4;
const HEARD_LATE = 400;

/** The device of this browser: opened, tried again, looked after. What tabs are told of its rooms is on the board. */
export class Desk {
  status: CryptoStatus = 'off';
  problem = '';
  readonly recovery: RecoveryDesk;
  readonly board: Board;
  readonly ports: Ports;
  private device: Device | undefined;
  private opening: Promise<void> | undefined;
  private failures = 0;
  private again: ReturnType<typeof setTimeout> | undefined;
  private readonly rounds: ReturnType<typeof setInterval>;
  private closed = false;

  constructor(
    readonly store: BrowserStore,
    readonly viewer: CryptoViewer,
    private readonly tell: (news: News) => unknown,
  ) {
    const server = this.watched(graphqlServer(askSignedIn));
    this.ports = { store, keys: store.keys, clock: browserClock, server };
    this.recovery = new RecoveryDesk(this);
    this.board = new Board(
      () => this.device,
      tell,
      () => this.recovery.heed(),
    );
    this.rounds = setInterval(() => this.lookAfter(), LOOKED_AFTER_EVERY);
  }

  /** Makes this browser a device, or goes on as the one that it is. What comes of it is in `status`. */
  open(how: Partial<DeviceOptions> = {}): Promise<void> {
    this.opening ??= this.openNow(how).finally(() => {
      this.opening = undefined;
    });
    return this.opening;
  }

  /** Tries again what failed. */
  async retry() {
    if (this.status === 'failed') await this.open();
    await this.opening;
  }

  /** Another identity than the one with which it was opened: rejects with why not, and then all is as it was. */
  async openAs(how: Partial<DeviceOptions>) {
    await this.opening;
    const device = await openDevice(this.options(how));
    await this.device?.close();
    await this.use(device);
  }

  /** The device, once it is open. */
  async ready(): Promise<Device> {
    await this.opening;
    if (this.device) return this.device;
    if (this.status === 'elsewhere') throw new DeviceError('ELSEWHERE', this.problem);
    throw new ServerError('UNAVAILABLE', this.problem || 'The encryption of this browser is not ready yet.');
  }

  /** A room whose group there is: it is made where there is none. */
  async begun(roomId: string): Promise<Device> {
    const device = await this.ready();
    const known = await device.room(roomId);
    const room = known.record.generation ? known : await device.follow(roomId);
    if (!room.record.generation) await device.makeGroup(roomId, 'asked');
    return device;
  }

  /** The room's log has got so far, as the page has heard: mostly it comes here by itself a moment later. */
  async heard(roomId: string, seq: number) {
    const device = await this.ready();
    await new Promise((resolve) => setTimeout(resolve, HEARD_LATE));
    if ((device.core.rooms.get(roomId)?.record.cursor ?? -1) < seq) await device.follow(roomId);
  }

  /** What somebody of the room signals is told to all tabs: one may be shown it by another, and it is opened once. */
  async hear(roomId: string, sealed: string, at: string) {
    const signal = await openSignal(await this.ready(), roomId, fromBase64(sealed) ?? new Uint8Array());
    if (signal) this.tell({ kind: 'signal', roomId, at, signal });
  }

  /** Looks at every encrypted room in which something has happened. */
  async sync() {
    const device = await this.ready();
    await device.register();
    const all = await this.ports.server.rooms();
    const wanted = [];
    for (const facts of all) {
      const room = await device.know(facts);
      if (isBehind(room, facts)) wanted.push(facts.id);
    }
    for (const id of wanted) this.board.hasChanged(id);
    await inGroups(wanted, (id) => device.follow(id));
    device.attend();
  }

  tellState() {
    const { status, problem, recovery } = this;
    this.tell({ kind: 'state', status, problem, recovery: recovery.state, messagesOnlyHere: recovery.onlyHere });
  }

  set(status: CryptoStatus, problem = '') {
    Object.assign(this, { status, problem });
    this.tellState();
  }

  async close() {
    this.closed = true;
    clearInterval(this.rounds);
    clearTimeout(this.again);
    await this.device?.close();
    this.store.close();
  }

  private lookAfter() {
    this.device?.attend();
    this.recovery.attend();
  }

  private async openNow(how: Partial<DeviceOptions>) {
    if (this.closed) return;
    this.set('starting');
    try {
      await this.use(await openDevice(this.options(how)));
    } catch (error) {
      this.fail(error);
    }
  }

  private options(how: Partial<DeviceOptions>): DeviceOptions {
    const onChange = (roomId?: string) => roomId && this.board.hasChanged(roomId);
    return { ports: this.ports, name: this.viewer.deviceName, onChange, ...how };
  }

  private async use(device: Device) {
    this.device = device;
    this.failures = 0;
    await this.recovery.begin();
    this.set('ready');
    for (const id of device.core.rooms.keys()) this.board.hasChanged(id);
    this.sync().catch((error) => this.later(error, () => this.sync()));
  }

  private fail(error: unknown) {
    if (error instanceof DeviceError && error.code === 'ELSEWHERE') return this.set('elsewhere', error.message);
    this.set('failed', error instanceof Error && isTold(error) ? error.message : UNFORESEEN);
    this.later(error, () => this.open());
  }

  /** What failed because nobody answered is tried again, ever more seldom. Anything else waits for a person. */
  private later(error: unknown, act: () => Promise<void>) {
    if (this.closed) return;
    if (!isPassing(error)) return void console.error(error);
    const wait = Math.min(AGAIN_AT_MOST, AGAIN_FROM * 2 ** this.failures++);
    clearTimeout(this.again);
    this.again = setTimeout(() => act().catch((next) => this.later(next, act)), wait);
  }

  /** The server as it is; where logs end, as it tells on the way, is noted. */
  private watched(server: Server): Server {
    return {
      ...server,
      log: async (roomId, after, first) => {
        const page = await server.log(roomId, after, first);
        this.board.seen(roomId, page.entries.at(-1)?.seq ?? after, page.lastSeq);
        return page;
      },
      account: async () => {
        const facts = await server.account();
        if (facts.user.id !== this.viewer.id)
          throw new ServerError('UNAUTHENTICATED', 'Somebody else is signed in now.');
        return facts;
      },
    };
  }
}

const UNFORESEEN = 'Something went wrong in this browser. Reload the page.';
const isTold = (error: Error) => error instanceof ServerError || error instanceof DeviceError;

const isBehind = (room: Room, { lastSeq }: RoomFacts) =>
  room.record.cursor !== lastSeq || !isIn(room) || !!room.record.pending || !!room.record.isStale;

async function inGroups<Item>(items: Item[], act: (item: Item) => Promise<unknown>) {
  const rest = [...items];
  const one = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: TOGETHER }, one));
}

const browserClock: Clock = {
  now: () => Date.now(),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  random: () => Math.random(),
};
