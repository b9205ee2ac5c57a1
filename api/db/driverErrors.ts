type Failure = { kind?: string; originalCode?: string; constraint?: { index?: string } };

const UNREACHABLE_KINDS = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TlsConnectionError']);

/** SQLSTATE: 08 connection, 40 deadlock or conflict, 53 connections or disk used up, 57P the server stops or starts. */
const UNREACHABLE_STATE = /^(08|40001|40P01|53|57P)/;

const UNREACHABLE_SOCKET = /^(ECONN|EHOST|ENET|EAI_|ENOTFOUND|EPIPE|ETIMEDOUT)/;

/** What node-postgres and Prisma say in words only. */
const UNREACHABLE_SENTENCE =
  /timeout exceeded when trying to connect|^Connection terminated|not queryable|database stopped|Unable to start a transaction|expired transaction|transaction that was rolled back/;

/** Whether a unique index refused the change; with a name, whether that one did. For queries of every kind. */
export function isUniqueViolation(error: unknown, index?: string): boolean {
  const failure = failureOf(error);
  return failure?.originalCode === '23505' && (!index || failure.constraint?.index === index);
}

/** Whether a CHECK or one of the guards in the migrations refused the change. */
export function isCheckViolation(error: unknown): boolean {
  return failureOf(error)?.originalCode === '23514';
}

/** Whether a row was named that is not there: it was found a moment ago, and is gone. */
export function isForeignKeyViolation(error: unknown): boolean {
  return failureOf(error)?.originalCode === '23503';
}

/** Whether the database could not be asked at all, so that the same may work in a moment. */
export function isUnavailable(error: unknown): boolean {
  const { kind = '', originalCode = '' } = failureOf(error) ?? {};
  if (UNREACHABLE_KINDS.has(kind) || UNREACHABLE_STATE.test(originalCode)) return true;
  if (!(error instanceof Error)) return false;
  const { code = '', message } = error as NodeJS.ErrnoException;
  return UNREACHABLE_STATE.test(code) || UNREACHABLE_SOCKET.test(code) || UNREACHABLE_SENTENCE.test(message);
}

/** How the driver, the database (SQLSTATE) or the system calls what went wrong; never what it says in words. */
export function causeOf(error: unknown): string | undefined {
  const { kind, originalCode } = failureOf(error) ?? {};
  return originalCode ?? kind ?? (error as NodeJS.ErrnoException | undefined)?.code;
}

// Prisma wraps what the driver says: as P2002 and P2039 for its own queries, as P2010 for raw ones; not for COMMIT.
function failureOf(error: unknown): Failure | undefined {
  const { name, cause, meta } = (error ?? {}) as { name?: string; cause?: Failure; meta?: Record<string, Wrapped> };
  return name === 'DriverAdapterError' ? cause : meta?.driverAdapterError?.cause;
}

type Wrapped = { cause?: Failure };
