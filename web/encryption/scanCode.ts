const LONGEST_SIDE = 1600;
const PATIENCE_MS = 1000;

/** The bytes of the code on a picture, as QrCode draws it. Undefined when none is seen. */
export async function scanCode(picture: File): Promise<Uint8Array | undefined> {
  const [{ decodeQR }, pixels] = await Promise.all([import('qr/decode.js'), pixelsOf(picture)]);
  const text = pixels && seen(() => decodeQR(pixels, { timeLimit: PATIENCE_MS }));
  const pairs = text && /^(?:[0-9A-F]{2})+$/.test(text) ? text.match(/../g) : undefined;
  return pairs ? Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16)) : undefined;
}

/** Cameras make far more of them than a code has. Undefined when the file is no picture. */
async function pixelsOf(picture: File): Promise<ImageData | undefined> {
  const image = await createImageBitmap(picture).catch(() => undefined);
  if (!image) return undefined;
  const scale = Math.min(1, LONGEST_SIDE / Math.max(image.width, image.height));
  const [width, height] = [image.width, image.height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = new OffscreenCanvas(width as number, height as number).getContext('2d');
  canvas?.drawImage(image, 0, 0, width as number, height as number);
  image.close();
  return canvas?.getImageData(0, 0, width as number, height as number);
}

// The reader throws where it finds nothing to read.
function seen(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
