import { onScopeDispose, type Ref, shallowRef, watch } from 'vue';
import { useStart } from '../auth/useStart';
import { isEncrypted } from '../encryption/pinnedRooms';
import { errorSentence } from '../lib/errors';
import type { UnsentFile } from '../lib/outbox';
import { uuidv7 } from '../lib/uuid';
import { notify } from '../ui/useNotice';
import { uploadStates } from './uploadStates';
import type { Uploads } from './uploads';

const MOST = 10;
const GONE = 'Files cannot be attached before this page was loaded anew: reload it.';

/** The files that are to go with what is being written: on their way to the server from the moment they are chosen. */
export function useAttachments(owner: string, roomId: string, files: Ref<readonly UnsentFile[]>) {
  const { server } = useStart();
  const uploads = shallowRef<Uploads>();
  let closed = false;
  let coming: Promise<void> | undefined;

  // What a draft has kept goes on, whenever it is read. What was refused later is tried again only when somebody asks.
  watch(
    () => files.value.length > 0,
    (some) => some && void goOn(),
    { immediate: true },
  );
  onScopeDispose(() => {
    closed = true;
  });

  async function goOn() {
    const found = await load();
    for (const file of files.value) found?.begin(roomId, file);
  }

  async function load() {
    try {
      uploads.value ??= (await import('./uploads')).uploadsOf(owner);
      return uploads.value;
    } catch {
      notify(GONE);
    }
  }

  async function attach(given: readonly File[]) {
    const mine = Promise.all([coming, takeIn(given)]).then(() => {
      if (coming === mine) coming = undefined;
    });
    coming = mine;
    await mine;
  }

  async function takeIn(given: readonly File[]) {
    const wanted = given.filter((file) => isFit(file));
    if (files.value.length + wanted.length > MOST) notify(`A message has at most ${MOST} files.`);
    const found = wanted.length ? await load() : undefined;
    const { described } = await import('./described');
    for (const bytes of wanted.slice(0, MOST - files.value.length)) {
      const file = { key: uuidv7(), ...(await described(bytes)) };
      if (!found || closed) return;
      if (isEncrypted(roomId)) await takeInSealed(found, file, bytes);
      else takeInAs(found, file, bytes);
    }
  }

  async function takeInSealed(found: Uploads, file: UnsentFile, bytes: File) {
    try {
      const { sealUpload } = await import('../encryption/sealUpload');
      const sealed = await sealUpload(file, bytes);
      takeInAs(found, sealed.file, sealed.bytes, sealed.shown);
    } catch (error) {
      notify(`${file.name} could not be encrypted. ${errorSentence(error)}`);
    }
  }

  function takeInAs(found: Uploads, file: UnsentFile, bytes: Blob, shown?: Blob) {
    if (closed) return;
    files.value = [...files.value, file];
    found.add(roomId, file, bytes, shown);
  }

  function isFit({ name, size }: File) {
    const most = server.value?.fileLimit ?? Number.POSITIVE_INFINITY;
    if (size === 0) notify(`${name} is empty, or a folder. Put a folder into an archive to send it.`);
    if (size > most) notify(`${name} is too large: a file has at most ${Math.floor(most / 1_048_576)} MB.`);
    return size > 0 && size <= most;
  }

  function retry(file: UnsentFile) {
    uploads.value?.begin(roomId, file);
  }

  function remove(file: UnsentFile) {
    files.value = files.value.filter(({ key }) => key !== file.key);
    void uploads.value?.drop(file);
  }

  /** Gives them away to a message. Undefined, and a sentence, when one was refused. */
  function take(): readonly UnsentFile[] | undefined {
    const refused = files.value.find(({ key }) => uploadStates.get(key)?.phase === 'refused');
    if (refused) return void notify(`${refused.name} was refused. Remove it, or try again.`);
    const taken = files.value;
    files.value = [];
    return taken;
  }

  return { attach, retry, remove, take, coming: () => coming };
}
