/** A file as a message carries it. */
export interface SentFile {
  id: string;
  name: string;
  type: string;
  size: number;
  sha256: string | null;
  width: number | null;
  height: number | null;
  placeholder: string | null;
}

interface FileColumns extends Omit<SentFile, 'sha256' | 'placeholder'> {
  sha256: Uint8Array | null;
  placeholder: Uint8Array | null;
}

/** What people see of a file's row. */
export function toSentFile({ id, name, type, size, width, height, sha256, placeholder }: FileColumns): SentFile {
  const text = (bytes: Uint8Array | null, encoding: BufferEncoding) => bytes && Buffer.from(bytes).toString(encoding);
  return { id, name, type, size, width, height, sha256: text(sha256, 'hex'), placeholder: text(placeholder, 'base64') };
}
