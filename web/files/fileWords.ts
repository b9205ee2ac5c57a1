import { graphql } from '../gql';
import type { FilePartsFragment } from '../gql/graphql';

graphql(`
  fragment FileParts on File {
    id
    name
    type
    size
    width
    height
    placeholder
    url
    thumbnailUrl
  }
`);

/** A file of a message, on the server or still here. */
export type ShownFile = FilePartsFragment;
type Named = Pick<ShownFile, 'name' | 'type'>;

const SHOWN = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif']);
const UNITS = ['B', 'kB', 'MB', 'GB'];

/** Whether it is shown as an image: it is of a kind that browsers show, and it is known how large it is. */
export const isPicture = ({ type, width, height }: { type: string; width?: number | null; height?: number | null }) =>
  Boolean(SHOWN.has(type) && width && height);

/** "84 kB", "1.2 MB": in the units in which the server states its limit. */
export function sizeWords(bytes: number): string {
  const power = bytes < 1_024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1_024 ** power;
  return `${amount < 10 && power > 1 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[power]}`;
}

/** What a message without words says: "Photo", "3 photos", the name of its file, "4 files". */
export function filesWords(files: readonly Named[]): string {
  const [first] = files;
  if (!first) return '';
  const photos = files.every(({ type }) => SHOWN.has(type));
  if (files.length === 1) return photos ? 'Photo' : first.name;
  return `${files.length} ${photos ? 'photos' : 'files'}`;
}

/** How large an image is shown while nothing of it is there, so that nothing moves when it comes: [width, height]. */
export function fitted(file: Pick<ShownFile, 'width' | 'height'>, alone: boolean): [number, number] {
  const [width, height] = [file.width ?? 1, file.height ?? 1];
  const [most, tallest] = alone ? [400, 320] : [280, 168];
  const scale = Math.min(1, most / width, tallest / height);
  return [Math.max(SMALLEST, Math.round(width * scale)), Math.max(SMALLEST, Math.round(height * scale))];
}

const SMALLEST = 44;
