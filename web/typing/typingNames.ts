interface Person {
  displayName: string;
}

/** First names, as people say them; whole names where two first names are the same. */
export function shortNames(people: readonly Person[]): string[] {
  const first = people.map(({ displayName }) => displayName.split(/\s/)[0] || displayName);
  return people.map(({ displayName }, index) => {
    const name = first[index] as string;
    return first.indexOf(name) === first.lastIndexOf(name) ? name : displayName;
  });
}
