import { onScopeDispose, shallowRef } from 'vue';
import type { CryptoClient, HeardSignal } from '../crypto/types';
import { openCrypto } from '../encryption/useCrypto';
import { pause } from '../lib/retry';
import type { Positions } from './readers';

const KEPT_WITHIN = 2_000;
const AGAIN = 1_000;
const TRIES = 5;
const JITTER = 1_000;
const JITTER_EACH = 40;

/**
 * How far the devices of an encrypted room have read, as they tell each other; and tells them how far the viewer has. Who comes
 * asks once, and whoever is there answers, one a little later than another.
 */
export function usePositions(roomId: string, upTo: () => number | undefined) {
  const positions = shallowRef<Positions>({});
  const key = `${roomId}/reading`;
  let client: CryptoClient | undefined;
  let ended = false;
  let asked = false;
  let tries = 0;
  let telling: ReturnType<typeof setTimeout> | undefined;
  let keeping: ReturnType<typeof setTimeout> | undefined;
  let stop = () => {};

  // Without what opens it there is nothing to show, and whoever shows the room says so.
  openCrypto().then(begin, () => {});
  onScopeDispose(() => {
    ended = true;
    stop();
    clearTimeout(telling);
    if (keeping) keep();
  });

  async function begin(opened: CryptoClient) {
    if (ended) return;
    client = opened;
    stop = client.signals(roomId).follow(hear);
    tell();
    await recall(opened);
  }

  /** How far they had read when this browser was here last. Its keys may be on their way from one tab to another. */
  async function recall({ kept }: CryptoClient) {
    for (let left = TRIES; left > 0 && !ended; left--)
      try {
        return learn((await kept.read<Positions>(key)) ?? {});
      } catch {
        await pause(AGAIN);
      }
  }

  function hear({ kind, deviceId, upTo: position }: HeardSignal) {
    if (kind === 'typing') return;
    learn({ [deviceId]: position });
    const others = client?.rooms.get(roomId)?.members.length ?? 0;
    if (kind === 'asking') tell(Math.random() * Math.max(JITTER, others * JITTER_EACH));
  }

  /** Nobody reads backwards: what is older than what is known says nothing. */
  function learn(told: Positions) {
    const news = Object.entries(told).filter(([deviceId, position]) => position > (positions.value[deviceId] ?? 0));
    if (!news.length) return;
    positions.value = { ...positions.value, ...Object.fromEntries(news) };
    keeping ??= setTimeout(keep, KEPT_WITHIN);
  }

  function keep() {
    clearTimeout(keeping);
    keeping = undefined;
    client?.kept.write(key, positions.value).catch(() => undefined);
  }

  /** Tells the others, once that is possible. */
  function tell(after = 0) {
    tries = TRIES;
    telling ??= setTimeout(tellNow, after);
  }

  async function tellNow() {
    telling = undefined;
    const position = upTo();
    if (!client || position === undefined || ended) return;
    const kind = asked ? 'reading' : 'asking';
    const isTold = await client
      .signals(roomId)
      .tell({ kind, upTo: position })
      .catch(() => false);
    asked ||= isTold;
    if (!isTold && --tries > 0 && !ended) telling ??= setTimeout(tellNow, AGAIN);
  }

  return { positions, tell };
}
