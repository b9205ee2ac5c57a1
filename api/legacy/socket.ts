import type { WebSocket } from 'ws';
import type { Connections } from '../connections.ts';
import type { Core } from '../core.ts';
import type { RequestFacts } from '../requests.ts';

/** The old chat socket, after the upgrade. */
export async function acceptLegacySocket(_core: Core, _connections: Connections, socket: WebSocket, _facts: RequestFacts, _roomId: string): Promise<void> {
  socket.close(4000);
}
