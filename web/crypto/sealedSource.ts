import { isPicture, type ShownFile } from '../files/fileWords';
import { isRefusal } from '../lib/errors';
import type { Unsent } from '../lib/outboxStore';
import { pause, retryDelay } from '../lib/retry';
import type { Message, Notice } from '../lib/roomStore';
import type { Ask, Keyholder } from './keyholder';
import type { LiveLogs, Told } from './liveLogs';
import type { SealedEvent, SealedHandlers, SealedNotice, SealedPage, SealedSource, SentFile } from './types';

/** An encrypted room, as the Worker reads it. */
export function sealedSource(
  roomId: string,
  { holder, ask, logs }: { holder: () => Promise<Keyholder>; ask: Ask; logs: LiveLogs },
): SealedSource {
  let shownRun: number | undefined;
  const files = new Map<string, Promise<string>>();
  const page = async (asked: Promise<unknown>) => (await asked) as SealedPage;
  const message = async (asked: Promise<unknown>) => (await asked) as Message;

  return {
    latest: async () => {
      const { messages, run, ...rest } = await ask('latest', roomId);
      shownRun = run;
      return { ...rest, messages: messages as Message[] };
    },
    older: async (before) => page(ask('older', roomId, before)),
    newer: async (after) => page(ask('newer', roomId, after)),
    around: async (place) => page(ask('around', roomId, place)),
    notices: async (after, before) => (await ask('notices', roomId, after, before)) as (Notice | SealedNotice)[],
    follow,
    send: async (item, sent) => message(ask('send', roomId, wanted(item, sent))),
    edit: async (id, body) => message(ask('edit', roomId, id, body)),
    remove: async (id) => message(ask('remove', roomId, id)),
    react: async (id, emoji, on) => message(ask('react', roomId, id, emoji, on)),
    pin: async (id, on) => message(ask('pin', roomId, id, on)),
    pins: async () => {
      const { messages, lastSeq } = await ask('pins', roomId);
      return { messages: messages as Message[], lastSeq };
    },
    search: async (text, after) => ask('search', roomId, text, after),
    fileUrl,
  };

  /** The Worker follows the log; what it has made of it is asked for from where the page is. */
  function follow(position: () => { after: number; epoch: string }, { next, error }: SealedHandlers) {
    let ended = false;
    let asking = false;
    let due = false;
    let reached = -1;

    async function catchUp() {
      due = true;
      if (asking || ended) return;
      asking = true;
      for (let failures = 0; due && !ended; ) {
        due = false;
        failures = await tellAll().then(
          () => 0,
          (problem) => heed(problem, failures + 1),
        );
      }
      asking = false;
    }

    /** What may pass is asked for again. */
    async function heed(problem: unknown, failures: number): Promise<number> {
      if (ended) return failures;
      if (isRefusal(problem)) error?.(problem);
      else {
        await pause(retryDelay(failures));
        due = true;
      }
      return failures;
    }

    async function tellAll() {
      const after = Math.max(position().after, reached);
      const events = (await ask('events', roomId, after)) as SealedEvent[];
      if (ended) return;
      for (const event of events) next(event);
      reached = events.at(-1)?.seq ?? after;
    }

    function reset({ seq, at, resetEpoch = '' }: Told) {
      reached = seq;
      next({ __typename: 'Reset', roomId, seq, at, epoch: resetEpoch });
    }

    const stop = logs.follow(roomId, { moved: catchUp, reset, failed: (problem) => !ended && error?.(problem) });
    const past = shownRun === undefined ? undefined : logs.isPast(roomId, shownRun);
    if (past) reset(past);
    void catchUp();
    return () => {
      ended = true;
      stop();
    };
  }

  function fileUrl(file: ShownFile): Promise<string> {
    const known = files.get(file.id) ?? opened(file);
    files.set(file.id, known);
    known.catch(() => files.delete(file.id));
    return known;
  }

  /** Nothing but pictures is given a kind: what else is in a file must not run here. */
  async function opened(file: ShownFile): Promise<string> {
    const key = await ask('fileKey', roomId, file.id);
    if (!key) return file.url;
    const type = isPicture(file) ? file.type : 'application/octet-stream';
    return URL.createObjectURL(await (await holder()).open(file.url, key, type));
  }
}

const wanted = ({ id, body, replyTo }: Unsent, files?: readonly SentFile[]) => ({
  id,
  body,
  replyTo: replyTo?.id,
  files,
});
