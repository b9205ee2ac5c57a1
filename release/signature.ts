import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** A line of a signature file: the public key, and its Ed25519 signature of the manifest, both in base64. */
export function signatureLine(manifest: Buffer, privateKey: KeyObject): string {
  return `${publicPart(privateKey)} ${sign(null, manifest, privateKey).toString('base64')}`;
}

/** The lines that fit the manifest. Whose keys they are is for the reader to judge. */
export function fittingLines(manifest: Buffer, text: string): string[] {
  return text.split('\n').filter((line) => fits(manifest, line));
}

/** The public key, as release.pub and manifests have it, without the frame of a PEM file. */
export const publicPart = (key: KeyObject) =>
  createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');

function fits(manifest: Buffer, line: string): boolean {
  const [key = '', signature = ''] = line.split(' ').map((part) => Buffer.from(part, 'base64'));
  try {
    return verify(
      null,
      manifest,
      createPublicKey({ key: key as Buffer, format: 'der', type: 'spki' }),
      signature as Buffer,
    );
  } catch {
    return false; // not a key
  }
}
