import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { PASSWORD, type Person, type World } from './world.ts';

interface Made {
  id: Buffer;
  key: KeyObject;
  handle: string;
  counter: number;
}

/** What differs from a browser on our page with its owner before it. */
export interface Strangeness {
  origin?: string;
  rpId?: string;
  challenge?: string;
  type?: string;
  userVerified?: boolean;
  counter?: number;
  handle?: string;
  format?: string;
}

/** Where a person keeps passkeys: what a browser and its authenticator do together, byte by byte. */
export class Authenticator {
  readonly passkeys: Made[] = [];

  constructor(readonly site: string) {}

  /** navigator.credentials.create: a new passkey, as JSON. */
  create(options: string, strange: Strangeness = {}): string {
    const { challenge, rp, user } = JSON.parse(options);
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const made = { id: randomBytes(32), key: privateKey, handle: user.id, counter: 0 };
    this.passkeys.push(made);
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(made.id.length);
    const credential = Buffer.concat([Buffer.alloc(16), length, made.id, coseKey(x, y)]);
    const authData = Buffer.concat([this.heading(strange.rpId ?? rp.id, 0x40, made.counter, strange), credential]);
    const clientDataJSON = this.clientData('webauthn.create', challenge, strange);
    const attestationObject = text(attestation(strange.format ?? 'none', authData));
    return answer(made.id, { clientDataJSON, attestationObject, transports: ['internal'] });
  }

  /** navigator.credentials.get: the signature of a passkey, as JSON. */
  get(options: string, strange: Strangeness = {}, made = this.passkeys.at(-1) as Made): string {
    const { challenge, rpId } = JSON.parse(options);
    made.counter = strange.counter ?? made.counter + 1;
    const authData = this.heading(strange.rpId ?? rpId, 0, made.counter, strange);
    const clientDataJSON = this.clientData('webauthn.get', challenge, strange);
    const signed = Buffer.concat([authData, sha256(Buffer.from(clientDataJSON, 'base64url'))]);
    return answer(made.id, {
      clientDataJSON,
      authenticatorData: text(authData),
      signature: text(sign('sha256', signed, made.key)),
      userHandle: strange.handle ?? made.handle,
    });
  }

  private clientData(type: string, challenge: string, strange: Strangeness): string {
    const data = { type, challenge, origin: this.site, crossOrigin: false, ...strange };
    return text(Buffer.from(JSON.stringify(data)));
  }

  private heading(rpId: string, flags: number, counter: number, { userVerified = true }: Strangeness): Buffer {
    const present = flags | 0x01 | (userVerified ? 0x04 : 0);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    return Buffer.concat([sha256(Buffer.from(rpId)), Buffer.from([present]), count]);
  }
}

export const BEGIN = 'mutation ($password: String!) { beginPasskey(password: $password) { ticket options } }';
export const ADD = 'mutation ($input: AddPasskeyInput!) { addPasskey(input: $input) { id name lastUsedOn } }';

/** The person adds a passkey that their authenticator makes. */
export async function addPasskey(person: Person, authenticator: Authenticator, password: string, name = 'laptop') {
  const { ticket, options } = (await person.graphql(BEGIN, { password })).beginPasskey;
  const input = { ticket, name, response: authenticator.create(options) };
  return (await person.graphql(ADD, { input })).addPasskey;
}

/** Somebody with a passkey of that site, and where they keep it. */
export async function withPasskey(world: World, site: string, name: string) {
  const person = await world.person(name);
  const authenticator = new Authenticator(site);
  const { id } = await addPasskey(person, authenticator, PASSWORD);
  return { person, authenticator, id };
}

const answer = (id: Buffer, response: object) =>
  JSON.stringify({ id: text(id), rawId: text(id), type: 'public-key', response, clientExtensionResults: {} });
const text = (bytes: Buffer) => bytes.toString('base64url');
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest();

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** What an app makes of the letters of its secret. */
export function bytesOf(base32: string): Buffer {
  const bits = [...base32].map((letter) => LETTERS.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

// CBOR (RFC 8949), as much of it as these two maps have: nothing in them is longer than 255 bytes.
const stringOf = (bytes: Buffer) => {
  return Buffer.concat([Buffer.from([0x58, bytes.length]), bytes]);
};
const textOf = (value: string) => Buffer.concat([Buffer.from([0x60 + value.length]), Buffer.from(value)]);
const coseKey = (x: string, y: string) =>
  Buffer.concat([
    Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21]),
    stringOf(Buffer.from(x, 'base64url')),
    Buffer.from([0x22]),
    stringOf(Buffer.from(y, 'base64url')),
  ]);
// {fmt, attStmt: {} or one with certificates, authData}
function attestation(format: string, authData: Buffer): Buffer {
  const certificates = Buffer.concat([Buffer.from([0xa1]), textOf('x5c'), Buffer.from([0x80])]);
  const statement = format === 'none' ? Buffer.from([0xa0]) : certificates;
  return Buffer.concat([
    Buffer.from([0xa3]),
    ...[textOf('fmt'), textOf(format), textOf('attStmt'), statement, textOf('authData'), stringOf(authData)],
  ]);
}
