import { type Bytes, concat, utf8, uuidToBytes } from '../bytes.ts';
import type { GroupState } from '../mls/engine.ts';
import { decrypt, encrypt, randomBytes, uint32, verify } from '../primitives.ts';
import type { Core } from './core.ts';
import type { Device } from './device.ts';
import { blockersOf, leavers } from './ready.ts';
import { isIn, type Room } from './roomState.ts';

/** `asking` is `reading` by somebody who has just come, and wants to know how far the others have read. */
const KINDS = ['typing', 'reading', 'asking'] as const;

/** Something of this moment, in no log: that its person types, or up to which position they have read. */
export interface Signal {
  kind: (typeof KINDS)[number];
  upTo: number;
}

export interface HeardSignal extends Signal {
  userId: string;
  deviceId: string;
}

const LABEL = 'shh signal v1';
const SIZE = 256;
const NONCE = 12;
const TAG = 16;
const CLAIM = 20;
const SIGNATURE = 64;
/** What is older, or from a clock that is so far off, is not of this moment. */
const FRESH = 120_000;

/** A signal for those who are in the room's group now; nothing where this device would say nothing there. */
export async function sealSignal(device: Device, roomId: string, { kind, upTo }: Signal): Promise<Bytes | undefined> {
  const { core, identity } = device;
  const room = core.rooms.get(roomId);
  if (!room || !isIn(room) || leavers(room).length || blockersOf(core, room).length) return undefined;
  const { secret, context, group } = await secretOf(core, room);
  const now = core.ports.clock.now();
  const said = [group.ownLeaf, KINDS.indexOf(kind), upTo, now / 2 ** 32, now];
  const claim = concat(...said.map(uint32));
  const signed = concat(claim, await identity.signer.sign(concat(context, claim)));
  const padded = concat(signed, new Uint8Array(SIZE - NONCE - TAG - signed.length));
  const nonce = randomBytes(NONCE);
  return concat(nonce, await encrypt(secret, nonce, padded, context));
}

/**
 * What somebody else of the group signals now, by whose leaf has signed it. Whatever is not that gives nothing, and no
 * error: a signal may be lost, and one of the epoch before is.
 */
export async function openSignal(device: Device, roomId: string, sealed: Bytes): Promise<HeardSignal | undefined> {
  const { core } = device;
  const room = core.rooms.get(roomId);
  if (!room || !isIn(room)) return undefined;
  const { secret, context, group } = await secretOf(core, room);
  const padded = await decrypt(secret, sealed.slice(0, NONCE), sealed.slice(NONCE), context);
  if (padded?.length !== SIZE - NONCE - TAG) return undefined;
  const claim = padded.slice(0, CLAIM);
  const [leaf, what = 0, upTo = 0, high = 0, low = 0] = numbersIn(claim);
  const [kind, sender] = [KINDS[what], group.members.find((member) => member.leaf === leaf)];
  if (!kind || !sender || leaf === group.ownLeaf) return undefined;
  const { accountId: userId, deviceId } = sender.credential;
  const signature = padded.slice(CLAIM, CLAIM + SIGNATURE);
  if (!(await verify(sender.signatureKey, concat(context, claim), signature))) return undefined;
  const isNew = !leavers(room).includes(deviceId) && isNewer(core, room, deviceId, high * 2 ** 32 + low);
  return isNew ? { kind, upTo, userId, deviceId } : undefined;
}

/** What all who are in the epoch can derive, and what binds a signal to the room and to it. */
async function secretOf({ engine }: Core, { record, group }: Room) {
  const state = group as GroupState;
  const place = [record.generation, Number(state.epoch)].map(uint32);
  const context = concat(utf8(LABEL), uuidToBytes(record.id), ...place);
  return { context, group: state, secret: await engine.exportSecret(state, LABEL, context, 32) };
}

/** Whether nothing as new has come from there: the server may say a thing again, or later. */
function isNewer({ ports }: Core, room: Room, deviceId: string, at: number): boolean {
  room.heard ??= new Map();
  if (Math.abs(ports.clock.now() - at) > FRESH || at <= (room.heard.get(deviceId) ?? 0)) return false;
  room.heard.set(deviceId, at);
  return true;
}

function numbersIn(claim: Bytes): number[] {
  const view = new DataView(claim.buffer);
  return Array.from({ length: CLAIM / 4 }, (_, at) => view.getUint32(4 * at));
}
