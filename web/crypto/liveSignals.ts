import { type ShallowRef, watch } from 'vue';
import { execute, subscribe } from '../lib/live';
import { sendSignal, signalsSubscription } from '../signals/signalDocuments';
import type { Ask } from './keyholder';
import type { CryptoStatus, SignalListener, Signals } from './types';
import type { News } from './worker/protocol';

interface Followed {
  listeners: Set<SignalListener>;
  stop(): void;
}

/** What the devices of encrypted rooms signal: the page carries it between the server and the Worker, and reads nothing of it. */
export class LiveSignals {
  private readonly rooms = new Map<string, Followed>();

  constructor(
    private readonly ask: Ask,
    private readonly status: Readonly<ShallowRef<CryptoStatus>>,
  ) {}

  of(roomId: string): Signals {
    return {
      follow: (listener) => this.follow(roomId, listener),
      tell: async (signal) => {
        const bytes = await this.ask('signal', roomId, signal);
        return !!bytes && (await execute(sendSignal, { roomId, bytes })).sendSignal;
      },
    };
  }

  /** The Worker has opened one. */
  heard({ roomId, at, signal }: Extract<News, { kind: 'signal' }>) {
    for (const listener of this.rooms.get(roomId)?.listeners ?? []) listener(signal, at);
  }

  private follow(roomId: string, listener: SignalListener): () => void {
    const room = this.rooms.get(roomId) ?? this.open(roomId);
    room.listeners.add(listener);
    return () => {
      room.listeners.delete(listener);
      if (room.listeners.size) return;
      room.stop();
      this.rooms.delete(roomId);
    };
  }

  /** Heard as soon as this browser is a device: the server tells nobody else. */
  private open(roomId: string): Followed {
    const stop = watch(this.status, (now, _, onCleanup) => now === 'ready' && onCleanup(this.listen(roomId)), {
      immediate: true,
    });
    const room = { listeners: new Set<SignalListener>(), stop };
    this.rooms.set(roomId, room);
    return room;
  }

  private listen(roomId: string): () => void {
    return subscribe(signalsSubscription, () => ({ roomId }), {
      next: ({ signals: { bytes, at } }) => void this.ask('hear', roomId, bytes, at).catch(() => undefined),
      complete: () => 'again',
    });
  }
}
