import { randomUUID } from 'node:crypto';
import { type Bytes, equal } from '../../../web/crypto/bytes.ts';
import { ServerError } from '../../../web/crypto/device/errors.ts';
import type { LogEntry, Person, RoomMessage, Sealed } from '../../../web/crypto/device/log.ts';
import type {
  AccountFacts,
  CommitInput,
  Group,
  MemberFacts,
  Registration,
  RoomFacts,
  SealedInput,
  Server,
  Welcome,
} from '../../../web/crypto/device/ports.ts';
import type { LoggedEntry } from './heard.ts';
import type { Host } from './host.ts';

type Role = RoomFacts['role'];

interface ModelRoom {
  id: string;
  kind: RoomFacts['kind'];
  encryption: RoomFacts['encryption'];
  members: Map<string, Role>;
  log: LogEntry[];
  generation: number;
  group?: { epoch: number; groupInfo: Bytes; devices: Set<string> };
  taken: Map<string, { by: string; answer: { id: string; seq: number; at: string } }>;
}

interface ModelDevice {
  id: string;
  accountId: string;
  credential: Bytes;
  revoked: boolean;
  keyPackages: Bytes[];
  lastResort: Bytes;
}

/** The delivery service as the contract has it, in memory: one order for each room, and a compare-and-set on the epoch. */
export class ModelServer implements Host {
  readonly rooms = new Map<string, ModelRoom>();
  readonly people = new Map<string, Person>();
  readonly accountKeys = new Map<string, Bytes>();
  readonly devices = new Map<string, ModelDevice>();
  readonly secrets = new Map<string, { version: number; blob: Bytes }>();
  readonly segments = new Map<string, Bytes>();
  welcomes: (Welcome & { deviceId: string })[] = [];
  epoch = randomUUID();
  private at = Date.UTC(2026, 0, 1);

  person(name: string): Person {
    const person = { id: randomUUID(), username: name, displayName: name, colour: null };
    this.people.set(person.id, person);
    return person;
  }

  room(kind: RoomFacts['kind'], owner: Person, ...others: Person[]): string {
    const roles = [
      [owner.id, 'OWNER'] as const,
      ...others.map(({ id }) => [id, kind === 'DIRECT' ? 'OWNER' : 'MEMBER'] as const),
    ];
    const id = randomUUID();
    const members = new Map<string, Role>(roles);
    this.rooms.set(id, { id, kind, encryption: 'MLS', members, log: [], generation: 0, taken: new Map() });
    this.append(id, { __typename: 'RoomCreated', by: owner });
    for (const user of others)
      this.append(id, { __typename: 'MemberJoined', by: owner, user, role: members.get(user.id) as Role });
    return id;
  }

  join(roomId: string, user: Person, by: Person = user, role: Role = 'MEMBER') {
    this.rooms.get(roomId)?.members.set(user.id, role);
    this.append(roomId, { __typename: 'MemberJoined', by, user, role });
  }

  leave(roomId: string, user: Person, by?: Person) {
    const room = this.rooms.get(roomId) as ModelRoom;
    room.members.delete(user.id);
    this.append(roomId, by ? { __typename: 'MemberRemoved', by, user } : { __typename: 'MemberLeft', user });
  }

  revoke(deviceId: string) {
    const device = this.devices.get(deviceId) as ModelDevice;
    device.revoked = true;
    const by = this.people.get(device.accountId) ?? null;
    for (const { id, group } of this.rooms.values()) {
      if (group?.devices.has(deviceId)) this.append(id, { __typename: 'DeviceRevoked', by, revokedId: deviceId });
    }
  }

  logOf(roomId: string) {
    return (this.rooms.get(roomId)?.log ?? []) as LoggedEntry[];
  }

  append(roomId: string, entry: Record<string, unknown> & { __typename: LogEntry['__typename'] }): LogEntry {
    const { log } = this.rooms.get(roomId) as ModelRoom;
    this.at += 1_000;
    const placed = { ...entry, roomId, seq: log.length + 1, at: new Date(this.at).toISOString() } as LogEntry;
    log.push(placed);
    return placed;
  }

  /** What a session of this person is served. It is bound to a device once one is registered. */
  session(user: Person, deviceId?: string): Server {
    return new Session(this, user, deviceId);
  }

  /** Becomes what it was, as from a backup. */
  restore(backup: ModelServer) {
    Object.assign(this, backup.copy(), { epoch: randomUUID() });
  }

  /** Another server that has all that this one has, the epoch too: a fork, and none that says that it was restored. */
  copy(): ModelServer {
    const { rooms, people, accountKeys, devices, secrets, segments, welcomes, epoch, at } = this;
    const state = structuredClone({ rooms, people, accountKeys, devices, secrets, segments, welcomes, epoch, at });
    return Object.assign(new ModelServer(), state);
  }
}

class Session implements Server {
  constructor(
    private readonly model: ModelServer,
    private readonly user: Person,
    private deviceId: string | undefined,
  ) {}

  async rooms() {
    return [...this.model.rooms.values()]
      .filter((room) => room.members.has(this.user.id))
      .map((room) => this.facts(room));
  }

  async room(roomId: string) {
    return this.facts(this.mine(roomId));
  }

  async log(roomId: string, after: number, first: number) {
    const { log } = this.mine(roomId);
    return { entries: structuredClone(log.slice(after, after + first)), lastSeq: log.length, epoch: this.model.epoch };
  }

  async group(roomId: string): Promise<Group | undefined> {
    const room = this.mine(roomId);
    const { group, generation } = room;
    if (!group) return undefined;
    return {
      generation,
      epoch: group.epoch,
      groupInfo: group.groupInfo,
      deviceIds: [...group.devices],
      pendingRemovalIds: this.pending(room),
    };
  }

  async members(roomId: string): Promise<MemberFacts[]> {
    return [...this.mine(roomId).members].map(([id, role]) => ({
      user: this.model.people.get(id) as Person,
      role,
      devices: [...this.model.devices.values()]
        .filter(({ accountId }) => accountId === id)
        .map(({ id: deviceId, credential, revoked }) => ({ id: deviceId, credential, revoked })),
    }));
  }

  async account(): Promise<AccountFacts> {
    const device = this.model.devices.get(this.deviceId ?? '');
    const accountKey = this.model.accountKeys.get(this.user.id);
    const deviceId = device?.revoked ? undefined : this.deviceId;
    return { user: this.user, accountKey, deviceId, keyPackagesLeft: device?.keyPackages.length ?? 0 };
  }

  async registerDevice({ id, accountKey, credential, keyPackages, lastResort, replaceAccountKey }: Registration) {
    const { accountKeys, devices } = this.model;
    const known = accountKeys.get(this.user.id);
    const device = devices.get(id);
    if (device?.revoked) throw new ServerError('FORBIDDEN', 'Revoked.', 'DEVICE_REVOKED');
    if (device && device.accountId !== this.user.id) throw new ServerError('CONFLICT', 'Somebody else’s device.');
    if (known && !equal(known, accountKey)) {
      if (!replaceAccountKey) throw new ServerError('CONFLICT', 'Another identity.', 'IDENTITY_EXISTS');
      for (const one of devices.values()) if (one.accountId === this.user.id && !one.revoked) this.model.revoke(one.id);
    }
    accountKeys.set(this.user.id, accountKey);
    devices.set(id, {
      id,
      accountId: this.user.id,
      credential,
      revoked: false,
      keyPackages: [...keyPackages],
      lastResort,
    });
    this.deviceId = id;
  }

  async publishKeyPackages(keyPackages: Bytes[], lastResort?: Bytes) {
    const device = this.device();
    device.keyPackages.push(...keyPackages);
    if (lastResort) device.lastResort = lastResort;
    return device.keyPackages.length;
  }

  async claimKeyPackages(roomId: string, deviceIds: string[]) {
    const room = this.mine(roomId);
    return deviceIds.flatMap((deviceId) => {
      const device = this.model.devices.get(deviceId);
      if (!device || device.revoked || !room.members.has(device.accountId)) return [];
      return [{ deviceId, keyPackage: device.keyPackages.shift() ?? device.lastResort }];
    });
  }

  async openGroup({ roomId, generation, id, groupInfo }: Parameters<Server['openGroup']>[0]) {
    const room = this.mine(roomId);
    const device = this.device();
    if (this.answered(room, id)) return;
    if (generation !== room.generation + 1) throw closed(room);
    if (room.generation && room.kind !== 'DIRECT' && room.members.get(this.user.id) === 'MEMBER')
      throw new ServerError('FORBIDDEN', 'Only owners and moderators can renew the encryption.');
    room.generation = generation;
    room.group = { epoch: 0, groupInfo, devices: new Set([device.id]) };
    this.take(
      room,
      id,
      this.model.append(roomId, { __typename: 'GroupOpened', by: this.user, deviceId: device.id, generation }),
    );
  }

  async commitGroup(input: CommitInput) {
    const room = this.mine(input.roomId);
    const device = this.device();
    if (this.answered(room, input.id)) return;
    const group = this.current(room, input, input.external ? undefined : input.removes);
    if (!input.external && !group.devices.has(device.id))
      throw new ServerError('CONFLICT', 'Not in the group.', 'NOT_IN_GROUP');
    for (const id of input.adds) {
      if (!room.members.has(this.model.devices.get(id)?.accountId ?? ''))
        throw new ServerError('INVALID_INPUT', 'No member.');
    }
    this.checkRemoves(input, group.devices, device);
    for (const id of input.removes) group.devices.delete(id);
    for (const id of [...input.adds, device.id]) group.devices.add(id);
    const renewed = [...input.adds, ...input.removes, ...(input.external ? [device.id] : [])];
    this.model.welcomes = this.model.welcomes.filter(
      ({ roomId, generation, deviceId }) =>
        roomId !== room.id || generation !== input.generation || !renewed.includes(deviceId),
    );
    Object.assign(group, { epoch: input.epoch + 1, groupInfo: input.groupInfo });
    const { generation, epoch, commit, external, adds, removes } = input;
    const told = { by: this.user, deviceId: device.id, generation, epoch, commit, external, adds, removes };
    const entry = this.model.append(room.id, { __typename: 'GroupCommitted', ...told });
    this.take(room, input.id, entry);
    const place = { roomId: room.id, generation, seq: entry.seq, epoch: epoch + 1 };
    for (const { deviceIds, mls } of input.welcomes) {
      for (const deviceId of deviceIds) this.model.welcomes.push({ id: randomUUID(), deviceId, mls, ...place });
    }
  }

  async sendSealed(input: SealedInput) {
    const room = this.mine(input.roomId);
    const device = this.device();
    const answered = this.answered(room, input.id);
    if (answered) return answered;
    const group = this.current(room, input, []);
    if (!group.devices.has(device.id)) throw new ServerError('CONFLICT', 'Not in the group.', 'NOT_IN_GROUP');
    const { id, kind, generation, epoch, mls, body, targetId = null } = input;
    const sealed: Sealed = { deviceId: device.id, generation, epoch, mls, body };
    const entry =
      kind === 'EVENT'
        ? this.model.append(room.id, { __typename: 'SealedEventSent', by: this.user, id, targetId, sealed })
        : this.model.append(room.id, { __typename: 'MessageSent', message: {} });
    if ('message' in entry) entry.message = { ...messageOf(id, entry, this.user), sealed };
    return this.take(room, id, entry);
  }

  async deleteMessage(id: string) {
    for (const room of this.model.rooms.values()) {
      const sent = room.log.find(
        (entry) => 'message' in entry && entry.message.id === id && entry.__typename === 'MessageSent',
      );
      if (!sent || !('message' in sent)) continue;
      const deletedAt = sent.at;
      sent.message = {
        ...sent.message,
        deletedAt,
        sealed: sent.message.sealed && { ...sent.message.sealed, body: null },
      };
      for (const entry of room.log) {
        if (entry.__typename === 'SealedEventSent' && entry.targetId === id)
          entry.sealed = { ...entry.sealed, body: null };
      }
      this.model.append(room.id, { __typename: 'MessageDeleted', by: this.user, message: sent.message });
    }
  }

  async welcomes() {
    return this.model.welcomes.filter(({ deviceId }) => deviceId === this.deviceId);
  }

  async takeWelcomes(ids: string[]) {
    this.model.welcomes = this.model.welcomes.filter(({ id }) => !ids.includes(id));
  }

  async secret(name: string) {
    return this.model.secrets.get(`${this.user.id} ${name}`);
  }

  async putSecret(name: string, version: number, blob: Bytes) {
    const stored = (await this.secret(name))?.version ?? 0;
    if (version !== stored + 1) throw new ServerError('CONFLICT', 'Another version.');
    this.model.secrets.set(`${this.user.id} ${name}`, { version, blob });
  }

  async backupRooms() {
    const own = [...this.model.segments.keys()].filter((key) => key.startsWith(this.user.id));
    return [...new Set(own.map((key) => key.split(' ')[1] as string))];
  }

  async backupSegments(roomId: string, after: number) {
    const prefix = `${this.user.id} ${roomId} `;
    return [...this.model.segments]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, blob]) => ({ n: Number(key.slice(prefix.length)), blob }))
      .filter(({ n }) => n > after)
      .sort((a, b) => a.n - b.n);
  }

  async putBackupSegment(roomId: string, n: number, blob: Bytes) {
    this.mine(roomId);
    this.model.segments.set(`${this.user.id} ${roomId} ${n}`, blob);
  }

  private facts({ id, kind, encryption, generation, log, members }: ModelRoom): RoomFacts {
    const other = [...members.keys()].find((one) => one !== this.user.id);
    const directWith = kind === 'DIRECT' && other ? (this.model.people.get(other) ?? null) : null;
    return {
      id,
      kind,
      encryption,
      generation,
      lastSeq: log.length,
      role: members.get(this.user.id) as Role,
      directWith,
    };
  }

  private mine(roomId: string): ModelRoom {
    const room = this.model.rooms.get(roomId);
    if (!room?.members.has(this.user.id)) throw new ServerError('NOT_FOUND', 'There is no such room for you.');
    return room;
  }

  private device(): ModelDevice {
    const device = this.model.devices.get(this.deviceId ?? '');
    if (!device) throw new ServerError('FORBIDDEN', 'This session has no device.', 'NO_DEVICE');
    if (device.revoked) throw new ServerError('FORBIDDEN', 'Revoked.', 'DEVICE_REVOKED');
    return device;
  }

  private current(room: ModelRoom, { generation, epoch }: { generation: number; epoch: number }, removes?: string[]) {
    const { group } = room;
    if (!group || generation !== room.generation) throw closed(room);
    if (epoch !== group.epoch) {
      const details = { epoch: group.epoch, generation, seq: room.log.length };
      throw new ServerError('CONFLICT', 'Another epoch.', 'EPOCH_STALE', details);
    }
    const deviceIds = removes ? this.pending(room).filter((id) => !removes.includes(id)) : [];
    if (deviceIds.length) throw new ServerError('CONFLICT', 'Remove them first.', 'PENDING_REMOVAL', { deviceIds });
    return group;
  }

  private pending({ group, kind, members }: ModelRoom): string[] {
    return [...(group?.devices ?? [])].filter((id) => {
      const device = this.model.devices.get(id);
      return !device || device.revoked || (kind !== 'DIRECT' && !members.has(device.accountId));
    });
  }

  /** Only those that are due, one's own, and whom the server does not know. */
  private checkRemoves({ roomId, removes }: CommitInput, inGroup: Set<string>, { accountId }: ModelDevice) {
    const due = this.pending(this.model.rooms.get(roomId) as ModelRoom);
    const others = removes.filter((id) => inGroup.has(id) && !due.includes(id));
    if (others.some((id) => this.model.devices.get(id)?.accountId !== accountId))
      throw new ServerError('FORBIDDEN', 'These devices belong to members.');
  }

  private answered(room: ModelRoom, id: string) {
    const taken = room.taken.get(id);
    if (taken && taken.by !== this.deviceId) throw new ServerError('CONFLICT', 'The id is taken.');
    return taken?.answer;
  }

  private take(room: ModelRoom, id: string, { seq, at }: LogEntry) {
    const answer = { id, seq, at };
    room.taken.set(id, { by: this.deviceId as string, answer });
    return answer;
  }
}

const closed = ({ generation }: ModelRoom) =>
  new ServerError('CONFLICT', 'Another group.', 'GENERATION_CLOSED', { generation });

function messageOf(id: string, { seq, at }: LogEntry, author: Person): RoomMessage {
  const nothing = { integration: null, body: null, editedAt: null, deletedAt: null, pinnedAt: null, replyTo: null };
  const lists = { files: [], mentions: [], reactions: [], mentionsRoom: false };
  return { id, seq, changedSeq: seq, author, createdAt: at, ...nothing, ...lists };
}
