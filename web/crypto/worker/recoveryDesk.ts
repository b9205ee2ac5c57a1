import type { Bytes } from '../bytes.ts';
import {
  BACKUP_KEY,
  lockAccount,
  RESTORING,
  restoreKeys,
  saveKeys,
  unlockAccount,
  unsavedPrefix,
} from '../device/backup.ts';
import { isPassing, unlessOfRoom } from '../device/errors.ts';
import { backupKeyOf } from '../recovery/backup.ts';
import { RecoveryError } from '../recovery/errors.ts';
import { GROUPS, isGroup, makeRecoveryKey, readRecoveryKey, writeRecoveryKey } from '../recovery/recoveryKey.ts';
import type { Recovery } from '../types.ts';
import type { Desk } from './desk.ts';

const SAVED_WITHIN = 5_000;
const COUNTED_WITHIN = 500;

type Restored = Awaited<ReturnType<Recovery['use']>>;

/** The recovery key, and the backup that it opens. */
export class RecoveryDesk {
  state: Recovery['state']['value'] = 'none';
  onlyHere = 0;
  private made: { key: Bytes; asked: readonly [number, number] } | undefined;
  private backupKey: Bytes | undefined;
  private counting: ReturnType<typeof setTimeout> | undefined;
  private saving: Promise<void> | undefined;
  private due = false;
  private restoring: Promise<Restored> | undefined;
  private isRestored = true;

  constructor(private readonly desk: Desk) {}

  /** To be called when the device is open. */
  async begin() {
    this.backupKey = await this.desk.store.read<Bytes>(BACKUP_KEY);
    this.isRestored = !this.backupKey || !(await this.desk.store.read(RESTORING));
    this.count();
    if (this.backupKey) this.save();
    this.goOn();
  }

  /** Something may have been said: it is counted, and its key saved, a while later. */
  heed() {
    this.counting ??= setTimeout(() => this.count(), COUNTED_WITHIN);
    if (this.backupKey) this.saveLater();
  }

  /** Writes what could not be written because nobody answered. To be called now and then. */
  attend() {
    if (this.due) this.save();
    this.goOn();
  }

  /** A new key, and which two of its groups are asked back. */
  async make() {
    await this.desk.ready();
    const key = makeRecoveryKey();
    this.made = { key, asked: twoOf(GROUPS) };
    return { key: writeRecoveryKey(key), asked: this.made.asked };
  }

  async confirm(groups: readonly [string, string]): Promise<boolean> {
    const { made } = this;
    if (!made) throw new RecoveryError('OUTDATED', 'Make another recovery key.');
    if (!made.asked.every((position, n) => isGroup(made.key, position, groups[n] ?? ''))) return false;
    const { identity } = await this.desk.ready();
    const { accountSeed } = identity.record;
    const backupKey = this.backupKey ?? (await backupKeyOf(made.key));
    await lockAccount(this.where(), made.key, { accountSeed, backupKey });
    await this.keep(backupKey);
    this.made = undefined;
    return true;
  }

  async check(typed: string): Promise<boolean> {
    try {
      await unlockAccount(this.where(), readRecoveryKey(typed));
      return true;
    } catch (error) {
      if (error instanceof RecoveryError) return false;
      throw error;
    }
  }

  /**
   * Makes this browser a device of the account that the key belongs to, with all that was kept in the backup. What ends in
   * between is gone on with at the next start.
   */
  async use(typed: string): Promise<Restored> {
    const { accountSeed, backupKey } = await unlockAccount(this.where(), readRecoveryKey(typed));
    await this.desk.store.write([
      [BACKUP_KEY, backupKey],
      [RESTORING, true],
    ]);
    if (this.desk.status === 'ready') await this.begin();
    else await this.desk.openAs({ accountSeed });
    return this.restore();
  }

  /** A new identity. Where the password is wrong all stays as it is; without one a passkey has confirmed it. */
  async startAnew(password?: string) {
    await this.desk.openAs({ startAnew: { password } });
  }

  /** Whatever fails for another reason than that nobody answered is tried again at the next start. */
  private goOn() {
    if (this.isRestored) return;
    this.restore().catch((error) => {
      this.isRestored = !isPassing(error);
      if (this.isRestored) console.error(error);
    });
  }

  private restore(): Promise<Restored> {
    this.restoring ??= this.restoreNow().finally(() => {
      this.restoring = undefined;
    });
    return this.restoring;
  }

  private async restoreNow(): Promise<Restored> {
    const restored = await restoreKeys(this.where(), this.backupKey as Bytes);
    const device = await this.desk.ready();
    for (const roomId of restored.keys()) await device.readAgain(roomId).catch(unlessOfRoom);
    device.attend();
    await this.desk.store.write([], [RESTORING]);
    this.isRestored = true;
    const messages = [...restored.values()].reduce((sum, count) => sum + count, 0);
    return { rooms: restored.size, messages };
  }

  private async keep(backupKey: Bytes) {
    this.backupKey = backupKey;
    await this.desk.store.write([[BACKUP_KEY, backupKey]]);
    this.count();
    this.save();
  }

  private where() {
    return { ...this.desk.ports, accountId: this.desk.viewer.id };
  }

  private saveLater() {
    this.due = true;
    this.saving ??= new Promise<void>((resolve) => setTimeout(resolve, SAVED_WITHIN)).then(() => this.saveNow());
  }

  private save() {
    this.due = true;
    this.saving ??= this.saveNow();
  }

  private async saveNow() {
    try {
      while (this.due && this.backupKey) {
        this.due = false;
        await saveKeys(this.where(), this.backupKey);
      }
    } catch (error) {
      this.due = isPassing(error);
      if (!this.due) console.error(error);
    } finally {
      this.saving = undefined;
      this.count();
    }
  }

  private count() {
    clearTimeout(this.counting);
    this.counting = undefined;
    void this.counted().then(
      ({ state, onlyHere }) => {
        if (state === this.state && onlyHere === this.onlyHere) return;
        Object.assign(this, { state, onlyHere });
        this.desk.tellState();
      },
      (error) => console.error(error),
    );
  }

  private async counted(): Promise<Pick<RecoveryDesk, 'state' | 'onlyHere'>> {
    if (!this.backupKey) {
      const onlyHere = this.desk.board.readable();
      return { state: onlyHere ? 'offered' : 'none', onlyHere };
    }
    const unsaved = await this.desk.store.readAll<string>(unsavedPrefix);
    return { state: 'on', onlyHere: unsaved.filter(([, type]) => type === 'message').length };
  }
}

function twoOf(count: number): [number, number] {
  const first = Math.floor(Math.random() * count);
  const second = Math.floor(Math.random() * (count - 1));
  return first <= second ? [first, second + 1] : [second, first];
}
