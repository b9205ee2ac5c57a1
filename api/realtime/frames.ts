import type { Writable } from 'node:stream';

const TEXT = 0x81;
const OPEN = '{"id":"';

/** What was made last for ids of one length. */
interface Made {
  id: string;
  bytes: Buffer;
  /** Where the ids begin. */
  places: number[];
  /** Whether a stream still has the bytes to write. */
  wanted: boolean;
}

/**
 * The WebSocket frames (RFC 6455 §5.2, unmasked, final, text) that carry payloads, one after the other, to many
 * operations in the graphql-transport-ws protocol: `{"id":…,"type":"next","payload":…}`. What is the same for the next
 * operation is not made again: all of it for the same id, all but the bytes of the id for one that is as long.
 */
export class NextFrames {
  private last: Made | null = null;
  private readonly made = new Map<number, Made>();

  constructor(private readonly payloads: string[]) {}

  /** Writes all frames for an operation whose id this is, as it stands between quotes in JSON, at once. */
  writeTo(stream: Writable, id: string) {
    if (this.last?.id !== id) this.last = this.make(id);
    stream.write(this.last.bytes);
    if (stream.writableLength > 0) this.last.wanted = true;
  }

  private make(id: string): Made {
    const known = this.made.get(id.length);
    if (known && replaceId(known, id)) return known;
    const made = joined(id, this.payloads);
    if (isAscii(id)) this.made.set(id.length, made);
    return made;
  }
}

const isAscii = (text: string) => Buffer.byteLength(text) === text.length;

// In place, unless the bytes are still to be written for another. False for an id of other letters than ASCII.
function replaceId(made: Made, id: string): boolean {
  if (made.wanted) Object.assign(made, { bytes: Buffer.from(made.bytes), wanted: false });
  const { bytes, places } = made;
  for (let at = 0; at < id.length; at++) {
    const letter = id.charCodeAt(at);
    if (letter > 127) return false;
    for (const place of places) bytes[place + at] = letter;
  }
  made.id = id;
  return true;
}

function joined(id: string, payloads: string[]): Made {
  const frames = payloads.map((payload) => frame(`${OPEN}${id}","type":"next","payload":${payload}}`));
  let end = 0;
  const places = frames.map(({ header, bytes }) => {
    const place = end + header + OPEN.length;
    end += bytes.length;
    return place;
  });
  const [only] = frames;
  const bytes = only && frames.length === 1 ? only.bytes : Buffer.concat(frames.map((each) => each.bytes));
  return { id, bytes, places, wanted: false };
}

function frame(text: string): { header: number; bytes: Buffer } {
  const length = Buffer.byteLength(text);
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const bytes = Buffer.allocUnsafe(header + length);
  bytes[0] = TEXT;
  bytes[1] = header === 2 ? length : header === 4 ? 126 : 127;
  if (header === 4) bytes.writeUInt16BE(length, 2);
  if (header === 10) bytes.writeBigUInt64BE(BigInt(length), 2);
  bytes.write(text, header);
  return { header, bytes };
}
