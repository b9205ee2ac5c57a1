const TEXT = 0x81;
const OPEN = '{"id":"';

/** What was made last for ids of one length. */
interface Made {
  id: string;
  bytes: Buffer;
  /** Where the ids begin. */
  places: number[];
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

  /** All frames for an operation whose id this is, as it stands between quotes in JSON. */
  for(id: string): Buffer {
    if (this.last?.id !== id) this.last = this.make(id);
    return this.last.bytes;
  }

  private make(id: string): Made {
    const length = Buffer.byteLength(id);
    const known = this.made.get(length);
    if (!known) this.made.set(length, joined(id, this.payloads));
    else if (known.id !== id) replaceId(known, id);
    return this.made.get(length) as Made;
  }
}

// The bytes made before may still wait in a socket.
function replaceId(made: Made, id: string) {
  const bytes = Buffer.allocUnsafe(made.bytes.length);
  bytes.set(made.bytes);
  for (const place of made.places) bytes.write(id, place);
  made.bytes = bytes;
  made.id = id;
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
  return { id, bytes, places };
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
