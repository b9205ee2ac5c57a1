import { errorCode, errorSentence, isFinal, refusal } from '../lib/errors';
import type { UnsentFile } from '../lib/outbox';
import { delayAfter, pause } from '../lib/retry';
import type { UploadState } from './uploadStates';

/** How many bytes have come, of how many. For a file that is ready it is what the server made of it. */
export interface Progress {
  offset: number;
  length: number;
}

/** Where the bytes go. Everything rejects with the server's errors, or with another when no answer came. */
export interface UploadServer {
  /** Makes room for a file, and gives its id. */
  create(roomId: string, file: UnsentFile, sha256: string | undefined): Promise<string>;
  /** How far the file has come; 'sent' when a message has it already. */
  ask(id: string, signal: AbortSignal): Promise<Progress | 'sent'>;
  /** Rejects with BodyTooLarge when something on the way takes no piece of this size. */
  put(
    id: string,
    offset: number,
    piece: ArrayBuffer,
    onSent: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<Progress>;
}

export interface UploadOptions {
  roomId: string;
  file: UnsentFile;
  bytes: Blob;
  /** From an earlier page, if it had come so far. */
  id?: string | undefined;
  server: UploadServer;
  /** Ends it. */
  signal: AbortSignal;
  /** Undefined when the server no longer has it. An id may come after the end: the server had been asked to make room. */
  onId: (id: string | undefined) => void;
  onChange: (state: UploadState) => void;
}

export class BodyTooLarge extends Error {}

const SMALLEST = 65_536;
const FIRST = 524_288;
const LARGEST = 8_388_608;
const QUICK = 3_000;
const MOST_FAULTS = 6;
const MOST_LOST = 3;

/**
 * Brings the bytes of one file to the server, in pieces that suit the line. After every failure it asks how far the file
 * has come and goes on there; what cannot succeed is refused with a sentence.
 */
export class Upload {
  private id: string | undefined;
  private offset: number | undefined;
  private piece = FIRST;
  private failures = 0;
  private faults = 0;
  private lost = 0;

  constructor(private readonly options: UploadOptions) {
    this.id = options.id;
  }

  /** Gives the file's id once the server has it whole. Rejects when it is refused, as the server's errors are, or ended. */
  async run(): Promise<string> {
    this.options.signal.throwIfAborted();
    for (let done = false; !done; ) {
      try {
        this.tell('sending');
        done = await this.step();
        this.failures = 0;
      } catch (error) {
        this.options.signal.throwIfAborted();
        await this.wait(error);
      }
      this.options.signal.throwIfAborted();
    }
    this.tell('ready');
    return this.id as string;
  }

  private async step(): Promise<boolean> {
    const { server, file } = this.options;
    if (!this.id) await this.create();
    const id = this.id as string;
    if (this.offset !== undefined) return this.send(id, this.offset);
    const progress = await server.ask(id, this.options.signal);
    if (progress === 'sent') return true;
    this.offset = progress.offset;
    // The bytes may all have come without having been checked, which an empty piece asks for.
    return progress.offset === progress.length && progress.length !== file.size;
  }

  private async create() {
    const { server, roomId, file, bytes, onId } = this.options;
    const id = await server.create(roomId, file, await sha256(bytes));
    this.id = id;
    this.offset = 0;
    onId(id);
  }

  private async send(id: string, from: number): Promise<boolean> {
    const piece = await this.options.bytes.slice(from, from + this.piece).arrayBuffer();
    const began = performance.now();
    const onSent = (bytes: number) => this.tell('sending', from + bytes);
    const { offset, length } = await this.options.server.put(id, from, piece, onSent, this.options.signal);
    if (performance.now() - began < QUICK) this.piece = Math.min(LARGEST, this.piece * 2);
    this.offset = offset;
    return offset === length;
  }

  /** Waits before the next try, which begins with the question how far the file has come. */
  private async wait(error: unknown) {
    const sentence = this.refusalFor(error);
    if (sentence) {
      this.tell('refused', 0, sentence);
      throw refusal('INVALID_INPUT', `${this.options.file.name}: ${sentence}`);
    }
    this.piece = Math.max(SMALLEST, this.piece / 4);
    if (this.id && errorCode(error) === 'NOT_FOUND') this.forgetId();
    else if (!(error instanceof BodyTooLarge)) await this.rest(error);
    this.offset = undefined;
  }

  private async rest(error: unknown) {
    this.failures += 1;
    // That this page and the server differ on how far it has come is nothing to tell.
    if (errorCode(error) !== 'CONFLICT') this.tell('waiting', this.offset, errorSentence(error));
    await pause(delayAfter(error, this.failures));
  }

  private forgetId() {
    this.lost += 1;
    this.id = undefined;
    this.options.onId(undefined);
  }

  private refusalFor(error: unknown): string | undefined {
    const code = errorCode(error);
    if (isUnreadable(error)) return 'It can no longer be read. Choose it again.';
    if (error instanceof BodyTooLarge)
      return this.piece > SMALLEST ? undefined : 'A proxy before the server refuses files.';
    if (code === 'INTERNAL_SERVER_ERROR') return ++this.faults < MOST_FAULTS ? undefined : errorSentence(error);
    const mayGoOn = this.id && (code === 'CONFLICT' || (code === 'NOT_FOUND' && this.lost < MOST_LOST));
    return isFinal(code) && !mayGoOn ? errorSentence(error) : undefined;
  }

  private tell(phase: UploadState['phase'], sent = this.offset ?? 0, sentence = '') {
    if (!this.options.signal.aborted) this.options.onChange({ phase, sent, sentence });
  }
}

const isUnreadable = (error: unknown) =>
  error instanceof DOMException && (error.name === 'NotReadableError' || error.name === 'NotFoundError');

/** In hexadecimal digits; undefined where the page is not served safely, and browsers do not calculate it. */
async function sha256(bytes: Blob): Promise<string | undefined> {
  if (!globalThis.crypto?.subtle) return undefined;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await bytes.arrayBuffer()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
