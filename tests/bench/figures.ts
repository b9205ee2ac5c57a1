/** One figure of the table. With a bar it is a gate. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  atMost?: number;
  atLeast?: number;
  /** What others were measured to have. */
  beside?: string;
}

/** Whether it is what it has to be; null for a figure without a bar. */
export function passes({ value, atMost, atLeast }: Figure): boolean | null {
  if (atMost !== undefined) return value <= atMost;
  return atLeast === undefined ? null : value >= atLeast;
}

/** The figures as a Markdown table. */
export function figureTable(figures: Figure[]): string {
  const compared = figures.some(({ beside }) => beside);
  const rows = figures.map((figure) => [
    ...[figure.name, shown(figure.value, figure.unit), barOf(figure), verdict(figure)],
    ...(compared ? [figure.beside ?? ''] : []),
  ]);
  return table(['figure', 'measured', 'bar', '', ...(compared ? ['beside'] : [])], rows);
}

/** A Markdown table. */
export function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

/** The middle of a list. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [before = 0, after = 0] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 ? after : (before + after) / 2;
}

/** One against the other. The machine changes its pace: what is compared are the turns of one round. */
export const ratio = (ones: number[], others: number[]): number =>
  median(ones.map((one, round) => one / (others[round] ?? Number.NaN)));

/** A number as a person reads it. */
export function shown(value: number, unit = ''): string {
  if (Number.isNaN(value)) return '–';
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return `${value.toLocaleString('en', { maximumFractionDigits: digits })} ${unit}`.trim();
}

function barOf({ atMost, atLeast, unit }: Figure): string {
  if (atMost !== undefined) return `≤ ${atMost} ${unit}`.trim();
  return atLeast === undefined ? '' : `≥ ${atLeast} ${unit}`.trim();
}

function verdict(figure: Figure): string {
  const passed = passes(figure);
  return passed === null ? '' : passed ? 'ok' : '**MISSED**';
}
