import type { TypedDocumentNode } from '@urql/core';
import { subscribe } from '../lib/live';
import { ENTRY } from './device/documents';
import { readEntry } from './device/graphqlServer';
import type { Ask } from './keyholder';

interface Follower {
  moved(): void;
  /** The log is another from there on, or more of its past can be read. */
  reset(told: Told): void;
  failed(problem: unknown): void;
}

export interface Told {
  __typename: string;
  roomId: string;
  seq: number;
  at: string;
  resetEpoch?: string;
}

interface Log {
  followers: Set<Follower>;
  entries: Told[];
  handing: boolean;
  stop(): void;
}

const resetAt = (roomId: string, seq: number): Told => ({
  __typename: 'Reset',
  roomId,
  seq,
  at: new Date().toISOString(),
});

// Both are called epoch, and are not of one type.
const ROOM_LOG = `subscription SealedRoomLog($roomId: ID!, $after: Int) {
  roomLog(roomId: $roomId, after: $after) { ${ENTRY} ... on Reset { resetEpoch: epoch } }
}` as unknown as TypedDocumentNode<{ roomLog: Told }, { roomId: string; after?: number }>;

/** The logs of the encrypted rooms that this page shows: what the server says of them goes to the Worker, entry by entry. */
export class LiveLogs {
  private readonly logs = new Map<string, Log>();
  private readonly ends = new Map<string, number>();
  private readonly runs = new Map<string, number>();

  constructor(private readonly ask: Ask) {}

  /** Calls back whenever the Worker has got further in the room's log. */
  follow(roomId: string, follower: Follower): () => void {
    const log = this.logs.get(roomId) ?? this.open(roomId);
    log.followers.add(follower);
    return () => {
      log.followers.delete(follower);
      if (log.followers.size) return;
      log.stop();
      this.logs.delete(roomId);
    };
  }

  /** The Worker has followed a room's log up to there. */
  reached(roomId: string, end: number, run: number) {
    const isAnother = (this.runs.get(roomId) ?? run) !== run;
    this.ends.set(roomId, end);
    this.runs.set(roomId, run);
    for (const { moved, reset } of this.logs.get(roomId)?.followers ?? []) {
      if (isAnother) reset(resetAt(roomId, end));
      else moved();
    }
  }

  /** What tells a page to ask anew, if what it shows is of an earlier run. */
  isPast(roomId: string, run: number): Told | undefined {
    const now = this.runs.get(roomId);
    return now === undefined || now === run ? undefined : resetAt(roomId, this.ends.get(roomId) ?? 0);
  }

  private open(roomId: string): Log {
    const log: Log = { followers: new Set(), entries: [], handing: false, stop: () => {} };
    this.logs.set(roomId, log);
    log.stop = subscribe(ROOM_LOG, () => ({ roomId, ...this.position(roomId) }), {
      next: ({ roomLog }) => {
        log.entries.push(roomLog);
        if (!log.handing) void this.hand(roomId, log);
      },
      error: (problem) => {
        for (const { failed } of log.followers) failed(problem);
      },
    });
    return log;
  }

  private position(roomId: string): { after?: number } {
    const after = this.ends.get(roomId);
    return after === undefined ? {} : { after };
  }

  /** What comes while the Worker is busy is handed over together. */
  private async hand(roomId: string, log: Log) {
    log.handing = true;
    while (log.entries.length) {
      const entries = log.entries.splice(0);
      // What it cannot take now it asks for itself when the next one comes.
      await this.ask('take', roomId, entries.map(readEntry)).catch((problem) => console.error(problem));
      for (const told of entries.filter(({ __typename }) => __typename === 'Reset'))
        for (const { reset } of log.followers) reset(told);
    }
    log.handing = false;
  }
}
