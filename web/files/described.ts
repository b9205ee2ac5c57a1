import type { UnsentFile } from '../lib/outbox';

/** What this browser can say of a file. An image that it cannot show has no width: it may be none. */
export async function described(file: File): Promise<Omit<UnsentFile, 'key'>> {
  const { name, type, size } = file;
  const measured = type.startsWith('image/') ? await measure(file) : undefined;
  return { name, type, size, ...measured };
}

function measure(file: File): Promise<{ width: number; height: number } | undefined> {
  const address = URL.createObjectURL(file);
  const image = new Image();
  const found = new Promise<{ width: number; height: number } | undefined>((resolve) => {
    // Turned upright, as it will be shown.
    image.onload = () => resolve({ width: image.naturalWidth, height: image.naturalHeight });
    image.onerror = () => resolve(undefined);
    image.src = address;
  });
  return found.finally(() => URL.revokeObjectURL(address));
}
