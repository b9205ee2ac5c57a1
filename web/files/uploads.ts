import { watch } from 'vue';
import { keysOf, read, readAll, remove, write } from '../lib/database';
import { refusal } from '../lib/errors';
import { draftedFiles } from '../lib/forget';
import type { Unsent, UnsentFile } from '../lib/outbox';
import { timeOf } from '../lib/uuid';
import { isPicture } from './fileWords';
import { Upload } from './upload';
import { cancel as cancelOnServer, uploadServer } from './uploadServer';
import { dropPreview, keepPreview, previews, uploadStates } from './uploadStates';

/** What this page knows of a file that is not sent. What was dropped stays so, for answers and for those who ask late. */
interface Course {
  end: AbortController;
  sent?: Promise<string> | undefined;
  /** By which the server knows it. */
  id?: string | undefined;
}

const AT_ONCE = 3;
const DAY = 86_400_000;
/** What the server is told that an encrypted file is called. */
const ENCRYPTED = 'encrypted';
const owners = new Map<string, ReturnType<typeof openUploads>>();

/** The uploads of a person on this page. */
export function uploadsOf(owner: string) {
  const known = owners.get(owner) ?? openUploads(owner);
  owners.set(owner, known);
  return known;
}

function openUploads(owner: string) {
  const courses = new Map<string, Course>();
  const turn = turns(AT_ONCE);
  void sweep(owner);

  /** Sends a file to the server, on from where it stood, and gives its id. Its bytes are those given, or those that this device has kept. */
  function begin(roomId: string, file: UnsentFile, given?: Blob): Promise<string> {
    const course = courseOf(file);
    if (course.sent) return course.sent;
    const { signal } = course.end;
    if (!signal.aborted) uploadStates.set(file.key, { phase: 'sending', sent: 0, sentence: '' });
    const sent = turn(() => run(roomId, file, given, signal));
    course.sent = sent;
    // It may be begun anew. Whoever waits for it is told.
    sent.catch(() => course.sent === sent && Object.assign(course, { sent: undefined }));
    return sent;
  }

  function courseOf({ key }: Pick<UnsentFile, 'key'>): Course {
    const known = courses.get(key) ?? { end: new AbortController() };
    courses.set(key, known);
    return known;
  }

  async function run(roomId: string, file: UnsentFile, given: Blob | undefined, signal: AbortSignal) {
    const bytes = given ?? (await read<Blob>('files', owner, file.key));
    signal.throwIfAborted();
    if (!bytes) return missing(file);
    if (!file.sealed) show(file, bytes);
    const id = await idOf(file);
    if (id) showAs(id, file);
    const upload = new Upload({
      roomId,
      file: file.sealed ? { ...file, name: ENCRYPTED, size: bytes.size } : file,
      bytes,
      id,
      server: uploadServer,
      signal,
      onId: (now) => (signal.aborted ? removeThere(now) : learnId(file, now)),
      onChange: (state) => uploadStates.set(file.key, state),
    });
    return upload.run();
  }

  const idOf = async (file: Pick<UnsentFile, 'key'>) =>
    courseOf(file).id ?? (await read<string>('facts', owner, factOf(file)));

  function learnId(file: UnsentFile, id: string | undefined) {
    courseOf(file).id = id;
    if (!id) return void remove('facts', owner, factOf(file));
    void write('facts', owner, factOf(file), id);
    showAs(id, file);
  }

  /** Keeps the bytes on this device, for after a reload, and sends them. What is encrypted is shown from what it was. */
  function add(roomId: string, file: UnsentFile, bytes: Blob, shown = bytes) {
    show(file, shown);
    void write('files', owner, file.key, bytes);
    begin(roomId, file, bytes);
  }

  /** The ids of a message's files, in its order, once the server has them. Rejects when it cannot have them, or not now. */
  function ready({ roomId, files = [] }: Unsent): Promise<string[]> {
    return Promise.all(files.map((file) => Promise.race([begin(roomId, file), stalled(file)])));
  }

  /** The server no longer has them: they are sent anew. */
  async function sendAgain({ files = [] }: Unsent) {
    for (const file of files) {
      Object.assign(courseOf(file), { sent: undefined, id: undefined });
      await remove('facts', owner, factOf(file));
    }
  }

  /** Ends the upload, and removes what was kept of it here and there. What the server makes of it later is removed when it answers. */
  async function drop(file: UnsentFile) {
    courseOf(file).end.abort();
    const id = await idOf(file);
    await Promise.all([removeThere(id), forget(file.key)]);
  }

  async function removeThere(id: string | undefined) {
    if (!id) return;
    dropPreview(id);
    await cancelOnServer(id);
  }

  /** They went with a message: its images go on being shown from here, and nothing else is kept. */
  function sent(files: readonly UnsentFile[]) {
    for (const { key } of files) {
      courses.delete(key);
      void forget(key);
    }
  }

  async function forget(key: string) {
    uploadStates.delete(key);
    dropPreview(key);
    await remove('files', owner, key);
    await remove('facts', owner, factOf({ key }));
  }

  return { add, begin, ready, sendAgain, drop, sent };
}

export type Uploads = ReturnType<typeof openUploads>;

const factOf = ({ key }: Pick<UnsentFile, 'key'>) => `upload ${key}`;

function show(file: UnsentFile, bytes: Blob) {
  if (isPicture(file) && !previews.has(file.key)) keepPreview(file.key, URL.createObjectURL(bytes));
}

/** The message shows the same image once it is sent. */
function showAs(id: string, { key }: UnsentFile) {
  const address = previews.get(key);
  if (address) keepPreview(id, address);
}

function missing({ key, name }: UnsentFile): never {
  const sentence = 'This browser has not kept it. Delete the message, and send it anew.';
  uploadStates.set(key, { phase: 'refused', sent: 0, sentence });
  throw refusal('INVALID_INPUT', `${name}: ${sentence}`);
}

/** Rejects once an upload waits for the network, or was ended. */
function stalled({ key }: UnsentFile): Promise<never> {
  return new Promise((_, reject) => {
    const stop = watch(
      () => uploadStates.get(key)?.phase,
      (phase) => {
        if (phase === 'sending') return;
        queueMicrotask(() => stop());
        if (phase !== 'ready' && phase !== 'refused') reject(new Error('The upload waits'));
      },
      { flush: 'sync', immediate: true },
    );
  });
}

/** Removes what neither a draft nor the outbox names: the page was closed at the wrong moment. */
async function sweep(owner: string) {
  const unsent = (await readAll<Unsent>('outbox', owner)) ?? [];
  const wanted = new Set([...unsent.flatMap(({ files = [] }) => files.map(({ key }) => key)), ...draftedFiles(owner)]);
  for (const key of await keysOf('files', owner)) {
    if (wanted.has(key) || Date.now() - timeOf(key) < DAY) continue;
    await remove('files', owner, key);
    await remove('facts', owner, factOf({ key }));
  }
}

/** Lets so many run at once; the others wait in order. */
function turns(most: number) {
  const waiting: (() => void)[] = [];
  let open = 0;
  return async <Result>(act: () => Promise<Result>): Promise<Result> => {
    if (open >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    open += 1;
    try {
      return await act();
    } finally {
      open -= 1;
      waiting.shift()?.();
    }
  };
}
