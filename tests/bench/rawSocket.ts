import { connect, type Socket } from 'node:net';

const TEXT = 0x81;
const PONG = 0x8a;
const PREFIX = 160;
const END = Buffer.from('\r\n\r\n');

export interface Target {
  port: number;
  path: string;
  protocol?: string;
  /** From which address of this machine; from 127.0.0.1 when left out. */
  localAddress?: string;
}

/** A WebSocket client that costs next to nothing: it looks at the beginning of each frame and skips the rest. */
export class RawSocket {
  /** How many deliveries have come. */
  count = 0;
  /** Where in a frame the letter stands that tells a delivery from the rest. */
  mark = 0;
  readonly opened: Promise<void>;
  onText: (text: Buffer) => void = () => {};
  onClose: (reason: string) => void = () => {};
  private readonly stream: Socket;
  private skip = 0;
  private rest: Buffer | null = null;
  private upgraded: (() => void) | null = null;

  constructor({ port, path, protocol, localAddress }: Target) {
    this.stream = connect({ port, host: '127.0.0.1', localAddress, noDelay: true });
    this.stream.write(upgradeRequest(port, path, protocol));
    this.stream.on('error', (error) => this.onClose(error.message));
    this.stream.on('close', () => this.onClose('closed'));
    this.opened = new Promise((resolve, reject) => {
      this.upgraded = resolve;
      this.stream.once('close', () => reject(new Error('the upgrade failed')));
    });
    this.opened.catch(() => {});
    this.stream.on('data', (chunk) => this.receive(chunk));
  }

  /** Sends a text frame, masked with zeros. */
  send(text: string) {
    this.stream.write(maskedFrame(TEXT, Buffer.from(text)));
  }

  pause() {
    this.stream.pause();
  }

  resume() {
    this.stream.resume();
  }

  close() {
    this.onClose = () => {};
    this.stream.destroy();
  }

  private receive(chunk: Buffer) {
    if (this.skip >= chunk.length) {
      this.skip -= chunk.length;
      return;
    }
    const fresh = this.skip > 0 ? chunk.subarray(this.skip) : chunk;
    this.skip = 0;
    const bytes = this.rest ? Buffer.concat([this.rest, fresh]) : fresh;
    this.rest = null;
    if (this.upgraded) this.readUpgrade(bytes);
    else this.readFrames(bytes, 0);
  }

  private readUpgrade(bytes: Buffer) {
    const end = bytes.indexOf(END);
    if (end < 0) {
      this.rest = bytes;
      return;
    }
    const status = bytes.toString('latin1', 0, bytes.indexOf('\r\n'));
    if (!status.includes(' 101 ')) return this.stream.destroy(new Error(status));
    this.upgraded?.();
    this.upgraded = null;
    this.readFrames(bytes, end + END.length);
  }

  private readFrames(bytes: Buffer, from: number) {
    let at = from;
    while (at < bytes.length) {
      const size = frameSize(bytes, at);
      const here = bytes.length - at - size.header;
      if (size.header === 0 || here < Math.min(size.payload, PREFIX)) {
        this.rest = bytes.subarray(at);
        return;
      }
      this.frame(bytes, at, at + size.header, Math.min(here, size.payload));
      at += size.header + size.payload;
    }
    this.skip = at - bytes.length;
  }

  private frame(bytes: Buffer, at: number, start: number, length: number) {
    const kind = (bytes[at] as number) & 0x0f;
    const text = () => bytes.subarray(start, start + length);
    if (kind === 1) this.onText(text());
    else if (kind === 9) this.stream.write(maskedFrame(PONG, Buffer.from(text())));
    else if (kind === 8) this.onClose(`closed with ${length > 1 ? bytes.readUInt16BE(start) : 'no code'}`);
  }
}

function frameSize(bytes: Buffer, at: number): { header: number; payload: number } {
  const here = bytes.length - at;
  const short = here > 1 ? (bytes[at + 1] as number) & 0x7f : 0;
  const header = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (here < header) return { header: 0, payload: 0 };
  if (short < 126) return { header, payload: short };
  return { header, payload: short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2)) };
}

function maskedFrame(kind: number, payload: Buffer): Buffer {
  const long = payload.length > 125;
  const header = Buffer.alloc(long ? 8 : 6);
  header[0] = kind;
  header[1] = 0x80 | (long ? 126 : payload.length);
  if (long) header.writeUInt16BE(payload.length, 2);
  return Buffer.concat([header, payload]);
}

function upgradeRequest(port: number, path: string, protocol: string | undefined): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...(protocol ? [`Sec-WebSocket-Protocol: ${protocol}`] : []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
