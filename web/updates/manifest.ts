import { cacheOf, MANIFEST, SIGNATURE } from '../worker/builds';
import { noted } from '../worker/notes';

/** What a build says of itself at `/.well-known/app-manifest.json`; web/vite.finish.ts writes it. */
export interface Manifest {
  version: string;
  build: string;
  /** The public key of those who sign its releases; empty where nobody does. */
  key: string;
  files: Record<string, string>;
}

/** A manifest as it was signed, and its signatures, a line each. */
export interface Papers {
  bytes: ArrayBuffer;
  signatures: string;
}

/** Of the build that is used here, as it was kept with its files. Where a browser keeps nothing, what the server says. */
export async function ownPapers(): Promise<Papers> {
  const chosen = await noted('chosen');
  if (!chosen) return servedPapers();
  const kept = (file: string) => caches.match(file, { cacheName: cacheOf(chosen) });
  const [manifest, signature] = await Promise.all([kept(MANIFEST), kept(SIGNATURE)]);
  if (!manifest) return servedPapers();
  return { bytes: await manifest.arrayBuffer(), signatures: (await signature?.text()) ?? '' };
}

export async function servedPapers(): Promise<Papers> {
  const [bytes, signature] = await Promise.all([served(MANIFEST), served(SIGNATURE)]);
  return { bytes, signatures: new TextDecoder().decode(signature) };
}

/** A file as the server has it now; nothing where it has none. Fails where it cannot be asked. */
export async function served(file: string): Promise<ArrayBuffer> {
  const response = await fetch(file, { cache: 'no-store' });
  if (response.status === 404) return new ArrayBuffer(0);
  if (!response.ok) throw new Error(`${file}: ${response.status}`);
  return response.arrayBuffer();
}

/** What a manifest says; nothing where it is none. */
export function manifestOf({ bytes }: Papers): Manifest | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** Whether the key has signed the manifest. What this browser cannot check counts as not signed. */
export async function isSigned({ bytes, signatures }: Papers, key: string): Promise<boolean> {
  const line = signatures.split('\n').find((one) => one.startsWith(`${key} `));
  if (!key || !line) return false;
  try {
    const publicKey = await crypto.subtle.importKey('spki', bytesOf(key), 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify('Ed25519', publicKey, bytesOf(line.slice(key.length + 1)), bytes);
  } catch {
    return false;
  }
}

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
