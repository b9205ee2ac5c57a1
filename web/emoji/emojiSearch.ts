export interface Emoji {
  sign: string;
  group: number;
  /** What is written between colons, without them; the first is the one to show. */
  names: string[];
  words: string[];
}

/** The table that the build made (vite.emoji.ts). */
export function readEmojis(lines: string): Emoji[] {
  return lines.split('\n').map((line) => {
    const [sign = '', group = '', names = '', words = ''] = line.split('\t');
    return { sign, group: Number(group), names: names.split(' '), words: words.split(' ') };
  });
}

/** The emojis that a few letters mean: those so called first, then those whose name begins so, then by their words. */
export function searchEmojis(emojis: readonly Emoji[], text: string, most: number): Emoji[] {
  const wanted = text
    .toLowerCase()
    .trim()
    .replaceAll(/[\s-]+/g, '_');
  if (!wanted) return [];
  const ranked = emojis.map((emoji) => ({ emoji, rank: rankOf(emoji, wanted) })).filter(({ rank }) => rank < NOT);
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map(({ emoji }) => emoji);
}

const NOT = 4;

function rankOf({ names, words }: Emoji, wanted: string): number {
  if (names.includes(wanted)) return 0;
  if (names.some((name) => name.startsWith(wanted))) return 1;
  if (wanted.split('_').every((part) => words.some((word) => word.startsWith(part)))) return 2;
  return names.some((name) => name.includes(wanted)) ? 3 : NOT;
}
