import type { Documents } from './documents.ts';
import { type Draw, garbled, type Ids } from './values.ts';

const TYPES = [
  'subscribe',
  'subscribe',
  'subscribe',
  'complete',
  'ping',
  'pong',
  'connection_init',
  'next',
  'start',
  '__proto__',
];

/** A frame of graphql-ws, or what is none. */
export function drawFrame(draw: Draw, documents: Documents): string | Buffer {
  if (draw.rarely(4)) return draw.bytes(80);
  const { query, variables } = documents.draw(draw);
  const payload = draw.rarely(10) ? draw.json() : { query, variables };
  const type = draw.rarely(75) ? 'subscribe' : draw.one(TYPES);
  const id = draw.rarely(85)
    ? `op-${draw.below(1_000_000)}`
    : draw.one([draw.json(), 'same', 'constructor', 'x'.repeat(200), '🙂'.repeat(60)]);
  const frame = JSON.stringify({
    id,
    type: draw.rarely(3) ? draw.json() : type,
    ...(type !== 'complete' && { payload }),
  });
  return draw.rarely(6) ? garbled(draw, frame) : frame;
}

const CHAT = ['message', 'chat_message', 'typing', 'user_typing', 'message_history', 'receive', undefined];

/** A frame of the old chat socket, or what is none. */
export function drawChatFrame(draw: Draw, ids: Ids): string | Buffer {
  if (draw.rarely(5)) return draw.bytes(80);
  if (draw.rarely(5)) return JSON.stringify(draw.json()) ?? '';
  const type = draw.rarely(8) ? draw.json() : draw.one(CHAT);
  const message = draw.rarely(12) ? draw.json() : draw.text();
  const before = draw.rarely(30) ? ids.draw(draw, 'message') : undefined;
  const id = draw.rarely(20) ? ids.draw(draw, 'message') : undefined;
  const frame = JSON.stringify({ type, message, before, id, username: draw.rarely(10) ? draw.json() : undefined });
  return draw.rarely(8) ? garbled(draw, frame) : frame;
}
