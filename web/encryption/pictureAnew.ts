import { rgbaToThumbHash } from 'thumbhash';
import { refusal } from '../lib/errors';

/** As what kind a picture is written again. */
const BECOMES: Record<string, string | undefined> = {
  'image/jpeg': 'image/jpeg',
  'image/png': 'image/png',
  'image/webp': 'image/webp',
  'image/avif': 'image/webp',
};
const UNKNOWN = 'application/octet-stream';
const UNREADABLE = /^image\/(hei[cf]|jxl|tiff)/;
const QUALITY = 0.92;
const SMALL = 100;

export interface PictureAnew {
  bytes: Blob;
  type: string;
  width?: number;
  height?: number;
  /** The blur that stands for it (a ThumbHash in Base64). */
  placeholder?: string;
}

/**
 * A photo made anew from its pixels: turned upright, without the place where it was taken and whatever else is in it.
 * The server does that for files that it can read; for those of encrypted rooms this device has to. What is no such
 * picture stays as it is. Rejects with INVALID_INPUT what cannot be freed of it here.
 */
export async function pictureAnew(file: File): Promise<PictureAnew> {
  const type = BECOMES[file.type];
  if (UNREADABLE.test(file.type))
    throw refusal('INVALID_INPUT', 'This kind of picture cannot be freed of its place here. Send it as a JPEG.');
  if (!type) return { bytes: file, type: file.type || UNKNOWN };
  const image = await createImageBitmap(file, { imageOrientation: 'from-image' }).catch(() => {
    throw refusal('INVALID_INPUT', 'This image cannot be read.');
  });
  try {
    const { width, height } = image;
    const bytes = await drawn(image, width, height).convertToBlob({ type, quality: QUALITY });
    // Safari writes no WebP, and gives a PNG.
    return { bytes, type: bytes.type, width, height, placeholder: placeholderOf(image) };
  } finally {
    image.close();
  }
}

function drawn(image: ImageBitmap, width: number, height: number): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')?.drawImage(image, 0, 0, width, height);
  return canvas;
}

function placeholderOf(image: ImageBitmap): string {
  const scale = Math.min(1, SMALL / Math.max(image.width, image.height));
  const [width, height] = [Math.max(1, Math.round(image.width * scale)), Math.max(1, Math.round(image.height * scale))];
  const pixels = drawn(image, width, height).getContext('2d')?.getImageData(0, 0, width, height);
  return pixels ? btoa(String.fromCharCode(...rgbaToThumbHash(width, height, pixels.data))) : '';
}
