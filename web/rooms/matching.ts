const plain = (text: string) =>
  [...text].map((letter) => [...letter.normalize('NFD').toLocaleLowerCase()][0] ?? letter).join('');

/** Where in a name the words that were typed stand, whatever the case and the accents: "tom" in "Tomás" is [0, 3]. */
export function placeIn(name: string, words: string): [number, number] | undefined {
  const at = plain(name).indexOf(plain(words));
  return at < 0 ? undefined : [at, at + words.length];
}

/** How well a name fits, best first: it begins so, one of its words does, it has it inside; undefined for not at all. */
export function rankOf(name: string, words: string): number | undefined {
  const place = placeIn(name, words);
  if (!place) return undefined;
  if (place[0] === 0) return 0;
  return /[\p{L}\p{N}]/u.test(name[place[0] - 1] ?? '') ? 2 : 1;
}

/** What fits, best first; what fits as well stays in its order. */
export function fitting<Item extends { name: string }>(items: Item[], words: string): Item[] {
  if (!words) return items;
  return items
    .map((item) => ({ item, rank: rankOf(item.name, words) }))
    .filter((found): found is { item: Item; rank: number } => found.rank !== undefined)
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
