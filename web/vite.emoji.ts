import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Plugin } from 'vite';

interface Emoji {
  emoji: string;
  label: string;
  hexcode: string;
  version: number;
  order?: number;
  group?: number;
  tags?: string[];
}

const NAME = 'virtual:emojis';
const NEWEST = 15.1;
const COMPONENTS = 2;
const MOST_TAGS = 4;
// As text: the compiler's target does not know the flag v.
const RECOMMENDED = /^\p{RGI_Emoji}$/v;

/** What the picker knows of each emoji, trimmed at build time: the sign, its :names:, and words to find it by. */
export function emojis(): Plugin {
  return {
    name: 'emojis',
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load: (id) => (id === `\0${NAME}` ? `export default ${JSON.stringify(emojiLines())}` : undefined),
  };
}

/** One line for each emoji, "😀 group,names,words", in the order in which pickers show them. */
function emojiLines(): string {
  const names = read<Record<string, string | string[]>>('emojibase-data/en/shortcodes/github.json');
  return read<Emoji[]>('emojibase-data/en/data.json')
    .filter(({ group, version }) => group !== undefined && group !== COMPONENTS && version <= NEWEST)
    .sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
    .map((one) => `${signOf(one)}\t${one.group}\t${namesOf(one, names).join(' ')}\t${wordsOf(one)}`)
    .join('\n');
}

/** As Unicode recommends it for interchange, which is how the server wants it: some come with a selector too many. */
function signOf({ emoji }: Emoji): string {
  return [emoji, emoji.replaceAll('\uFE0F', '')].find((sign) => RECOMMENDED.test(sign)) ?? emoji;
}

function namesOf({ hexcode, label }: Emoji, names: Record<string, string | string[]>): string[] {
  const known = names[hexcode];
  if (known) return [known].flat();
  return [label.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '_')];
}

function wordsOf({ label, tags = [] }: Emoji): string {
  const words = new Set(
    [label, ...tags.slice(0, MOST_TAGS)].flatMap((text) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u)),
  );
  return [...words].filter(Boolean).join(' ');
}

function read<Content>(name: string): Content {
  return JSON.parse(readFileSync(createRequire(import.meta.url).resolve(name), 'utf8'));
}
