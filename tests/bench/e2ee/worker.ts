import { deviceCertificateInput, encodeDeviceCredential } from '../../../web/crypto/identity/credential.ts';
import type { GroupState, MlsEngine } from '../../../web/crypto/mls/engine.ts';
import { createMlsEngine } from '../../../web/crypto/mls/tsMlsEngine.ts';

/** What is measured in a Worker of the page, in ms but for the sizes. */
export interface Measured {
  seal: number;
  open: number;
  addAll: number;
  join: number;
  joinExternal: number;
  remove: number;
  follow: number;
  save: number;
  load: number;
  catchUp: number;
  sizes: { welcome: number; groupInfo: number; message: number; saved: number; ratchet: number };
}

const MEMBERS = 100;
const EPOCHS = 100;
/** Who renews keys in turn while the one who catches up is away. */
const COMMITTERS = 4;

const page = globalThis as unknown as {
  addEventListener(kind: 'message', then: () => void): void;
  postMessage(data: Measured | 'catching up'): void;
};
page.addEventListener('message', async () => page.postMessage(await measure()));

async function measure(): Promise<Measured> {
  const engines: MlsEngine[] = [];
  for (let at = 0; at < MEMBERS; at++) engines.push(await newcomer());
  const [ann, bob] = engines as [MlsEngine, MlsEngine];
  const packages = await Promise.all(engines.slice(1).map((engine) => engine.createKeyPackage()));
  const adds = packages.map(({ keyPackage }) => keyPackage);
  const { state } = await ann.createGroup(new Uint8Array(16));
  const [addAll, added] = await timed(1, () => ann.commit(state, { adds }));
  const welcome = added.welcome ?? new Uint8Array();
  const secrets = packages.map(({ secret }) => [secret]);
  const [join, bobs] = await timed(9, () => bob.join(welcome, secrets[0] ?? []));

  const text = new TextEncoder().encode('x'.repeat(120));
  const [seal, sealed] = await timed(500, () => ann.encrypt(added.next, text));
  const [open] = await timed(500, () => bob.decrypt(bobs, sealed.message));
  const [remove, removed] = await timed(5, () => ann.commit(added.next, { removes: [MEMBERS / 2] }));
  const [follow] = await timed(5, () => bob.applyCommit(bobs, removed.commit));
  const [joinExternal] = await timed(5, async () => (await newcomer()).joinExternal(removed.groupInfo));
  const [save, saved] = await timed(50, async () => ann.save(added.next));
  const [load] = await timed(20, async () => ann.load(saved));

  const committers = await Promise.all(
    engines.slice(1, COMMITTERS + 1).map((it, at) => it.join(welcome, secrets[at] ?? [])),
  );
  const log = await renewals(engines.slice(1, COMMITTERS + 1), committers);
  page.postMessage('catching up');
  const [catchUp] = await timed(1, () => follower(ann, added.next, log));
  const { epoch, ratchet } = saved;
  const sizes = {
    welcome: welcome.length,
    groupInfo: added.groupInfo.length,
    message: sealed.message.length,
    saved: epoch.length,
    ratchet: ratchet.length,
  };
  return { seal, open, addAll, join, joinExternal, remove, follow, save, load, catchUp, sizes };
}

type Round = { commit: Uint8Array; message: Uint8Array };

async function renewals(engines: MlsEngine[], states: GroupState[]): Promise<Round[]> {
  const log: Round[] = [];
  for (let round = 0; round < EPOCHS; round++) {
    const turn = round % engines.length;
    const { next, commit } = await (engines[turn] as MlsEngine).commit(states[turn] as GroupState);
    for (const [at, engine] of engines.entries()) {
      states[at] = at === turn ? next : (await engine.applyCommit(states[at] as GroupState, commit)).state;
    }
    const { state, message } = await (engines[turn] as MlsEngine).encrypt(next, new Uint8Array(120));
    states[turn] = state;
    log.push({ commit, message });
  }
  return log;
}

async function follower(engine: MlsEngine, state: GroupState, log: Round[]) {
  for (const { commit, message } of log) {
    const after = await engine.applyCommit(state, commit);
    state = (await engine.decrypt(after.state, message)).state;
    engine.save(state);
  }
}

/** Each run's time in the middle, and what the last run gave. */
async function timed<T>(runs: number, run: () => Promise<T>): Promise<[number, T]> {
  const times: number[] = [];
  let result = undefined as T;
  for (let at = 0; at < runs; at++) {
    const start = performance.now();
    result = await run();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return [times[times.length >> 1] ?? 0, result];
}

async function newcomer(): Promise<MlsEngine> {
  const [account, own] = await Promise.all([keyPair(), keyPair()]);
  const [accountId, deviceId] = [crypto.randomUUID(), crypto.randomUUID()];
  const [accountKey, publicKey] = await Promise.all([raw(account.publicKey), raw(own.publicKey)]);
  const certificate = await sign(account.privateKey, deviceCertificateInput(accountId, deviceId, publicKey));
  const credential = encodeDeviceCredential({ accountId, deviceId, accountKey, certificate });
  return createMlsEngine({ credential, signer: { publicKey, sign: (message) => sign(own.privateKey, message) } });
}

const keyPair = () => crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']) as Promise<CryptoKeyPair>;
const raw = async (key: CryptoKey) => new Uint8Array(await crypto.subtle.exportKey('raw', key));
const sign = async (key: CryptoKey, message: Uint8Array<ArrayBuffer>) =>
  new Uint8Array(await crypto.subtle.sign('Ed25519', key, message));
