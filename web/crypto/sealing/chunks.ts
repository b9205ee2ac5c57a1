import { type Bytes, concat } from '../bytes.ts';

/** Files are encrypted in chunks of this many bytes; the last may be shorter, and is empty for an empty file. */
export const CHUNK = 1_048_576;
/** What encrypting adds to each chunk. */
export const TAG = 16;

interface Steps {
  /** What becomes of a chunk. */
  each(chunk: Bytes, number: number, last: boolean): Promise<Bytes>;
  /** After the last one. What it throws fails the stream. */
  end(): void;
  fail?(problem: unknown): void;
}

/** Cuts what flows into chunks of the same size, and gives what `each` makes of them. Holds two of them at most. */
export function cut(source: ReadableStream<Uint8Array>, size: number, steps: Steps): ReadableStream<Bytes> {
  const chunks = chunksOf(source, size);
  let number = 0;
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        try {
          const { value } = await chunks.next();
          if (!value) return;
          const made = await steps.each(value.bytes, number++, value.last);
          if (value.last) steps.end();
          controller.enqueue(made);
          if (value.last) controller.close();
        } catch (problem) {
          steps.fail?.(problem);
          await chunks.return(undefined);
          controller.error(problem);
        }
      },
      async cancel(reason) {
        steps.fail?.(reason);
        await chunks.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

// The last chunk is known only when the source has ended, so one is always held back.
async function* chunksOf(source: ReadableStream<Uint8Array>, size: number) {
  const reader = source.getReader();
  let pieces: Uint8Array[] = [];
  let held = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      pieces.push(value);
      held += value.length;
      if (held <= size) continue;
      const whole = concat(...pieces);
      let at = 0;
      for (; whole.length - at > size; at += size) yield { bytes: whole.slice(at, at + size), last: false };
      pieces = [whole.subarray(at)];
      held = whole.length - at;
    }
    yield { bytes: concat(...pieces), last: true };
  } finally {
    await reader.cancel();
  }
}
