import { uuidFromBytes } from '../bytes.ts';
import type { Core } from './core.ts';

/** A UUID of version 7 (RFC 9562 §5.7). */
export function newId({ ports }: Pick<Core, 'ports'>): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(ports.clock.now() / 0x10000));
  view.setUint16(4, ports.clock.now() % 0x10000);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return uuidFromBytes(bytes);
}
