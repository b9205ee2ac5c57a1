import { fileTypeFromBuffer } from 'file-type';

const LAYOUT = new Set(['\t', '\n', '\r', '\f', '\u001b', '\u0085']);
export const UNKNOWN = 'application/octet-stream';

/** The media type that the first bytes of a file show; its name and its sender have no say. */
export async function typeOf(head: Buffer): Promise<string> {
  const found = await fileTypeFromBuffer(head);
  if (found) return found.mime;
  return isText(head) ? 'text/plain' : UNKNOWN;
}

function isText(head: Buffer): boolean {
  try {
    // A character may be cut off at the end of what was read, which `stream` allows.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    return ![...text].some((character) => /\p{Cc}/u.test(character) && !LAYOUT.has(character));
  } catch {
    return false;
  }
}
