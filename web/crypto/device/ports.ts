import type { Bytes } from '../bytes.ts';
import type { Signer } from '../mls/engine.ts';
import type { LogEntry, Person } from './log.ts';

/** What a device needs of the world: a browser's Worker and a Node program each bring their own. */
export interface Ports {
  store: Store;
  server: Server;
  keys: Keys;
  clock: Clock;
}

/**
 * Where a device keeps what it must not lose. Values are JSON with `Uint8Array`s in it. One program writes at a time
 * (`exclusively` in the Worker). Whatever is written is on the disk when the promise resolves, all of it or nothing.
 */
export interface Store {
  read<Value>(key: string): Promise<Value | undefined>;
  /** Everything whose key begins so, in the order of the keys. */
  readAll<Value>(prefix: string): Promise<[key: string, value: Value][]>;
  /** `undefined` removes; a `prefix` of `removes` removes everything below it. In one transaction. */
  write(puts: readonly (readonly [key: string, value: unknown])[], removes?: readonly string[]): Promise<void>;
}

/** Makes signature keys (Ed25519) and finds them again. Where the platform can, they never leave it. */
export interface Keys {
  make(name: string): Promise<Signer>;
  find(name: string): Promise<Signer | undefined>;
}

export interface Clock {
  /** In ms since 1970. */
  now(): number;
  /** Waits; ends early when told to. */
  pause(ms: number): Promise<void>;
  /** From 0 to 1. */
  random(): number;
}

/** The delivery service. Rejects with a `ServerError`. Field names and promises are those of the GraphQL schema. */
export interface Server {
  /** Every encrypted room of the account. */
  rooms(): Promise<RoomFacts[]>;
  room(roomId: string): Promise<RoomFacts>;
  /** The log after a position, at most `first` entries, where it ends, and the server's epoch: another after it was restored. */
  log(roomId: string, after: number, first: number): Promise<{ entries: LogEntry[]; lastSeq: number; epoch: string }>;
  group(roomId: string): Promise<Group | undefined>;
  members(roomId: string): Promise<MemberFacts[]>;
  account(): Promise<AccountFacts>;

  registerDevice(input: Registration): Promise<void>;
  publishKeyPackages(keyPackages: Bytes[], lastResort?: Bytes): Promise<number>;
  claimKeyPackages(roomId: string, deviceIds: string[]): Promise<{ deviceId: string; keyPackage: Bytes }[]>;
  openGroup(input: { roomId: string; generation: number; id: string; suite: number; groupInfo: Bytes }): Promise<void>;
  commitGroup(input: CommitInput): Promise<void>;
  sendSealed(input: SealedInput): Promise<{ id: string; seq: number; at: string }>;
  deleteMessage(id: string): Promise<void>;

  welcomes(): Promise<Welcome[]>;
  takeWelcomes(ids: string[]): Promise<void>;

  secret(name: string): Promise<{ version: number; blob: Bytes } | undefined>;
  putSecret(name: string, version: number, blob: Bytes): Promise<void>;
  backupRooms(): Promise<string[]>;
  backupSegments(roomId: string, after: number): Promise<{ n: number; blob: Bytes }[]>;
  putBackupSegment(roomId: string, n: number, blob: Bytes): Promise<void>;
}

export interface RoomFacts {
  id: string;
  kind: 'PUBLIC' | 'PRIVATE' | 'DIRECT';
  encryption: 'NONE' | 'MLS';
  generation: number;
  lastSeq: number;
  role: 'OWNER' | 'MODERATOR' | 'MEMBER';
  /** The other person of a direct room. */
  directWith: Person | null;
}

export interface Group {
  generation: number;
  epoch: number;
  groupInfo: Bytes;
  deviceIds: string[];
  pendingRemovalIds: string[];
}

export interface MemberFacts {
  user: Person;
  role: RoomFacts['role'];
  devices: { id: string; credential: Bytes; revoked: boolean }[];
}

export interface AccountFacts {
  user: Person;
  accountKey: Bytes | undefined;
  /** The device that the session is bound to. */
  deviceId: string | undefined;
  keyPackagesLeft: number;
}

export interface Registration {
  id: string;
  name: string;
  accountKey: Bytes;
  signatureKey: Bytes;
  credential: Bytes;
  suites: number[];
  engineVersion: number;
  keyPackages: Bytes[];
  lastResort: Bytes;
  replaceAccountKey?: boolean;
  password?: string;
}

export interface CommitInput {
  roomId: string;
  generation: number;
  epoch: number;
  id: string;
  commit: Bytes;
  groupInfo: Bytes;
  external: boolean;
  adds: string[];
  removes: string[];
  welcomes: { deviceIds: string[]; mls: Bytes }[];
}

export interface SealedInput {
  roomId: string;
  generation: number;
  epoch: number;
  id: string;
  kind: 'MESSAGE' | 'EVENT';
  mls: Bytes;
  body: Bytes;
  targetId?: string;
  files?: string[];
}

export interface Welcome {
  id: string;
  roomId: string;
  generation: number;
  seq: number;
  epoch: number;
  mls: Bytes;
}
