import { thumbHashToRGBA } from 'thumbhash';

/** Draws the blur that stands for an image (a ThumbHash in Base64). */
export function drawPlaceholder(canvas: HTMLCanvasElement, placeholder: string) {
  const { w, h, rgba } = thumbHashToRGBA(Uint8Array.from(atob(placeholder), (letter) => letter.charCodeAt(0)));
  Object.assign(canvas, { width: w, height: h });
  canvas.getContext('2d')?.putImageData(new ImageData(new Uint8ClampedArray(rgba), w, h), 0, 0);
}
