interface DriverError {
  code?: unknown;
  meta?: { driverAdapterError?: { cause?: { originalCode?: string; kind?: string; constraint?: { index?: string } } } };
}

// Prisma's codes for a database that cannot be reached, is busy or went away, and node's for its socket.
const UNAVAILABLE = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE']);
// PostgreSQL's classes: connection exception, insufficient resources, operator intervention; deadlock.
const UNAVAILABLE_STATES = /^(08|53|57)|^40P01$/;
const LOST = /connection terminated|timeout exceeded when trying to connect|connection ended|not queryable/i;

/** Whether a statement was refused because a unique value is taken; of this constraint, if one is named. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const cause = (error as DriverError)?.meta?.driverAdapterError?.cause;
  if (cause?.originalCode !== '23505' && cause?.kind !== 'UniqueConstraintViolation') return false;
  return constraint === undefined || cause.constraint?.index === constraint;
}

/** Whether the database could not be asked: the same again may succeed in a moment. */
export function isUnavailable(error: unknown): boolean {
  const { code, meta } = (error ?? {}) as DriverError;
  const state = meta?.driverAdapterError?.cause?.originalCode ?? '';
  const message = error instanceof Error ? error.message : '';
  return UNAVAILABLE.has(String(code)) || UNAVAILABLE_STATES.test(state) || LOST.test(message);
}
