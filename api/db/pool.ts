import type { EventEmitter } from 'node:events';
import pg from 'pg';

/** Connections that survive the server's restart, and whose errors never carry what a row holds. */
export function createPool(config: pg.PoolConfig, log: (line: string) => void): pg.Pool {
  const pool = new pg.Pool(config);
  pool.on('error', (error) => log(`The database closed an idle connection: ${error.message}.`));
  pool.on('connect', withoutRows);
  // Of a connection in use the statement fails that is under way, or the next: without a listener the process would end.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

// PostgreSQL adds "Failing row contains (…)", the message's text among it, and errors are logged.
function withoutRows(client: pg.PoolClient) {
  const { connection } = client as unknown as { connection: EventEmitter };
  connection.prependListener('errorMessage', (message: { detail?: string }) => {
    message.detail = undefined;
  });
}
