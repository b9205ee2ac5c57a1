import sharp, { type Sharp } from 'sharp';
import { rgbaToThumbHash } from 'thumbhash';
import { AppError } from '../errors.ts';
import { Turns } from '../turns.ts';

const MOST_PIXELS = 50_000_000;
const THUMBNAIL = 640;
const PLACEHOLDER = 100;
const QUALITY = 85;

/** What images are kept as: their own kind where every browser shows it. */
const KEPT: Record<string, (image: Sharp) => Sharp> = {
  'image/jpeg': (image) => image.jpeg({ quality: QUALITY }),
  'image/png': (image) => image.png(),
  'image/webp': (image) => image.webp({ quality: QUALITY }),
};
const BECOMES: Record<string, string> = {
  'image/gif': 'image/webp',
  'image/avif': 'image/webp',
  'image/tiff': 'image/webp',
};
/** Images that cannot be read here, so that what they say of their place could not be removed. */
const UNREADABLE = new Set(['image/heic', 'image/heif', 'image/heic-sequence', 'image/heif-sequence', 'image/jxl']);

/** An image without anything but its pixels, ready to be shown. */
export interface CleanImage {
  type: string;
  bytes: Buffer;
  width: number;
  height: number;
  /** WebP, at most 640 pixels a side. */
  thumbnail: Buffer;
  /** A ThumbHash (evanw.github.io/thumbhash): some 25 bytes that show a blur. */
  placeholder: Buffer;
}

sharp.cache(false);
sharp.concurrency(1);
const turns = new Turns(
  2,
  32,
  () => new AppError('UNAVAILABLE', 'Many images come in at this moment. Try again soon.'),
);

/** Whether files of this type are made anew before anybody gets them. */
export const isImage = (type: string) => type in KEPT || type in BECOMES || UNREADABLE.has(type);

/**
 * The image made anew from its pixels: turned upright, without metadata. INVALID_INPUT when it cannot be read, or has
 * more than 50 million pixels (all pictures of an animation together).
 */
export function cleanImage(type: string, bytes: Buffer): Promise<CleanImage> {
  if (UNREADABLE.has(type)) {
    throw new AppError(
      'INVALID_INPUT',
      'Pictures of this kind (HEIC, JPEG XL) cannot be freed here of what they say about their place. Send it as a ' +
        'JPEG: an iPhone does that with Settings, Camera, Formats, Most Compatible.',
    );
  }
  return turns.run(() => draw(type, bytes).catch(unreadable));
}

async function draw(type: string, bytes: Buffer): Promise<CleanImage> {
  const open = (options = {}) =>
    sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'error', ...options }).autoOrient();
  const kept = BECOMES[type] ?? type;
  const encode = KEPT[kept] as (image: Sharp) => Sharp;
  const { data, info } = await encode(open({ animated: type === 'image/gif' || type === 'image/webp' })).toBuffer({
    resolveWithObject: true,
  });
  const fit = { fit: 'inside', withoutEnlargement: true } as const;
  const thumbnail = await open().resize(THUMBNAIL, THUMBNAIL, fit).webp({ quality: 75 }).toBuffer();
  const blur = await open()
    .resize(PLACEHOLDER, PLACEHOLDER, fit)
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const placeholder = Buffer.from(rgbaToThumbHash(blur.info.width, blur.info.height, blur.data));
  return { type: kept, bytes: data, width: info.width, height: info.pageHeight ?? info.height, thumbnail, placeholder };
}

function unreadable(error: Error): never {
  if (error instanceof AppError) throw error;
  const large = /pixel limit/i.test(error.message);
  throw new AppError('INVALID_INPUT', large ? 'An image has at most 50 million pixels.' : 'This image cannot be read.');
}
