const TEXT = 0x81;
const NEXT = Buffer.from('","type":"next","payload":');
const OPEN = Buffer.from('{"id":"');
const CLOSE = Buffer.from('}');

/**
 * The WebSocket frames (RFC 6455 §5.2, unmasked, final, text) that carry one payload to many operations in the
 * graphql-transport-ws protocol: `{"id":…,"type":"next","payload":…}`. Ids of one length differ only in the bytes of the
 * id, which are put into a copy of the rest.
 */
export class NextFrames {
  private readonly payload: Buffer;
  private readonly patterns = new Map<number, Buffer>();

  constructor(payload: string) {
    this.payload = Buffer.from(payload);
  }

  /** The whole frame for an operation. */
  for(id: string): Buffer {
    const text = JSON.stringify(id).slice(1, -1);
    const length = Buffer.byteLength(text);
    const pattern = this.pattern(length);
    const frame = Buffer.from(pattern);
    frame.write(text, headerLength(this.size(length)) + OPEN.length);
    return frame;
  }

  private pattern(idLength: number): Buffer {
    const known = this.patterns.get(idLength);
    if (known) return known;
    const header = frameHeader(this.size(idLength));
    const made = Buffer.concat([header, OPEN, Buffer.alloc(idLength), NEXT, this.payload, CLOSE]);
    this.patterns.set(idLength, made);
    return made;
  }

  private size(idLength: number): number {
    return OPEN.length + idLength + NEXT.length + this.payload.length + CLOSE.length;
  }
}

function frameHeader(length: number): Buffer {
  if (length < 126) return Buffer.from([TEXT, length]);
  const header = Buffer.alloc(headerLength(length));
  header[0] = TEXT;
  if (length < 65_536) {
    header[1] = 126;
    header.writeUInt16BE(length, 2);
  } else {
    header[1] = 127;
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  return header;
}

const headerLength = (length: number) => (length < 126 ? 2 : length < 65_536 ? 4 : 10);
