import { pause } from '../lib/retry';

const LONGEST_SIDE = 1600;
const PATIENCE_MS = 1000;
const BETWEEN_LOOKS_MS = 100;

/** The bytes of the code on a picture, as QrCode draws it. Undefined when none is seen. */
export async function scanCode(picture: File): Promise<Uint8Array | undefined> {
  const image = await createImageBitmap(picture).catch(() => undefined);
  const bytes = image && (await readCode(image, image.width, image.height));
  image?.close();
  return bytes;
}

/** Looks at what plays until it shows such a code, whose bytes it gives; undefined after the signal. */
export async function watchForCode(video: HTMLVideoElement, signal: AbortSignal): Promise<Uint8Array | undefined> {
  while (!signal.aborted) {
    const bytes = await readCode(video, video.videoWidth, video.videoHeight);
    if (bytes) return bytes;
    await pause(BETWEEN_LOOKS_MS);
  }
  return undefined;
}

async function readCode(image: CanvasImageSource, width: number, height: number): Promise<Uint8Array | undefined> {
  const { decodeQR } = await import('qr/decode.js');
  const pixels = pixelsOf(image, width, height);
  const text = pixels && seen(() => decodeQR(pixels, { timeLimit: PATIENCE_MS }));
  const pairs = text && /^(?:[0-9A-F]{2})+$/.test(text) ? text.match(/../g) : undefined;
  return pairs ? Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16)) : undefined;
}

/** Cameras make far more of them than a code has. */
function pixelsOf(image: CanvasImageSource, ...size: [width: number, height: number]): ImageData | undefined {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(...size));
  const [width, height] = size.map((side) => Math.max(1, Math.round(side * scale))) as [number, number];
  const canvas = new OffscreenCanvas(width, height).getContext('2d');
  canvas?.drawImage(image, 0, 0, width, height);
  return canvas?.getImageData(0, 0, width, height);
}

// The reader throws where it finds nothing to read.
function seen(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
