import { WebSocket } from 'ws';

/** What writes to a socket past its `send`. */
export interface Writer {
  return(): unknown;
}

/** A socket to which others write by themselves: they are told to end before its close frame, whoever began the closing. */
export class SharedSocket extends WebSocket {
  private readonly writers = new Set<Writer>();

  /** Takes one more; false when the closing has begun. */
  admit(writer: Writer): boolean {
    if (this.readyState !== this.OPEN) return false;
    this.writers.add(writer);
    return true;
  }

  forget(writer: Writer) {
    this.writers.delete(writer);
  }

  override close(code?: number, reason?: string | Buffer) {
    for (const writer of this.writers) writer.return();
    super.close(code, reason);
  }
}
