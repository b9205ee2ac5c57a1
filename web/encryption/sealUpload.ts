import type { UnsentFile } from '../lib/outbox';
import { pictureAnew } from './pictureAnew';
import { openCrypto } from './useCrypto';

/** A file that was chosen as it goes to the server: encrypted, and before that freed of the place where it was taken. */
export async function sealUpload(file: UnsentFile, chosen: File) {
  const { bytes: shown, ...picture } = await pictureAnew(chosen);
  const { bytes, key } = await (await openCrypto()).sealFile(shown);
  return { file: { ...file, ...picture, size: key.size, sealed: key }, bytes, shown };
}
