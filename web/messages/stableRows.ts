import type { Row } from './messageRows';

/** Gives rows that say the same as before as the same objects, so that only what changed is rendered again. */
export function stableRows() {
  let before = new Map<string, Row>();
  return (rows: Row[]): Row[] => {
    const stable = rows.map((row) => {
      const old = before.get(row.key);
      return old && isSame(old, row) ? old : row;
    });
    before = new Map(stable.map((row) => [row.key, row]));
    return stable;
  };
}

function isSame(a: Row, b: Row) {
  return Object.entries(b).every(([name, value]) => (a as unknown as Record<string, unknown>)[name] === value);
}
