import { AppError } from './errors.ts';

const MOST = 100;
const USUAL = 50;

/** A page as a Relay connection is asked for it. */
export interface PageRequest {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
}

/** What to look for: at most `limit` between two cursors (both exclusive), from the end of the list if `backwards`. */
export interface Range {
  after: string | null;
  before: string | null;
  limit: number;
  backwards: boolean;
}

/** Part of a list, in the order of the list. */
export interface Page<Node> {
  nodes: Node[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
}

/** What a page costs: its fields for each thing that is asked for. */
export const perPage = ({ first, last }: PageRequest) => ({ field: 1, multiplier: first ?? last ?? USUAL });

/**
 * The `first` things after a cursor, or the `last` before one; 50 of those that `usually` says if neither is given, at
 * most 100. INVALID_INPUT for a page that cannot be.
 */
export async function readPage<Node>(
  { after = null, before = null, ...sizes }: PageRequest,
  usually: 'first' | 'last',
  find: (range: Range) => Promise<Node[]>,
): Promise<Page<Node>> {
  const { first, last } = sizes;
  const size = sizeOf(sizes);
  if (after?.includes('\0') || before?.includes('\0')) throw refusal('This is not a cursor.');
  const backwards = first == null && (last != null || usually === 'last');
  const found = await find({ after, before, limit: size + 1, backwards });
  const [more, nodes] = [found.length > size, found.slice(0, size)];
  if (backwards) nodes.reverse();
  return {
    nodes,
    hasPreviousPage: backwards ? more : after !== null,
    hasNextPage: backwards ? before !== null : more,
  };
}

/** How many things a page has at most; INVALID_INPUT for a number that cannot be. */
export function sizeOf({ first, last }: PageRequest): number {
  if (first != null && last != null) throw refusal('Ask for the first or the last ones, not for both.');
  const size = first ?? last ?? USUAL;
  if (size < 1 || size > MOST) throw refusal(`Ask for 1 to ${MOST} at a time.`);
  return size;
}

/** A page as a Relay connection. */
export function toConnection<Node>({ nodes, ...more }: Page<Node>, cursorOf: (node: Node) => string) {
  const edges = nodes.map((node) => ({ node, cursor: cursorOf(node) }));
  const [startCursor, endCursor] = [edges.at(0)?.cursor ?? null, edges.at(-1)?.cursor ?? null];
  return { edges, pageInfo: { startCursor, endCursor, ...more } };
}

const refusal = (message: string) => new AppError('INVALID_INPUT', message);
