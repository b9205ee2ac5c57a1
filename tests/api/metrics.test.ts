import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { commit, encryptedRoomOf, open, revoke, withDevice } from '../devices.ts';
import { figureIn } from '../wire.ts';
import { openWorld, type World } from '../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const scrape = async (headers: Record<string, string> = {}, url = world.node.url) =>
  fetch(`${url}/metrics`, { headers });

test('the operator reads how much was delivered, and how few executions it took', async () => {
  const [ann, ben] = [await world.person('ann'), await world.person('ben')];
  const room = await ann.createRoom();
  await ben.join(room);
  const heard = [ann.follow(room, { after: 0 }), ben.follow(room, { after: 0 }), ben.follow(room, { after: 0 })];
  const isLast = (event: { message?: { body?: string } }) => event.message?.body === 'ten';
  for (const body of ['one', 'two', 'ten']) await ann.say(room, body);
  for (const arrivals of heard) await arrivals.upTo(isLast);
  const text = await (await scrape()).text();
  expect(figureIn(text, 'shh_connections')).toBe(2);
  expect(figureIn(text, 'shh_rooms_watched')).toBe(1);
  expect(figureIn(text, 'shh_database_up')).toBe(1);
  expect(figureIn(text, 'shh_bus_up')).toBe(1);
  expect(figureIn(text, 'shh_executions_total')).toBeGreaterThan(0);
  for (const name of ['shh_deliveries_total', 'shh_log_lag_entries', 'shh_rings_lost_total', 'shh_fallbacks_total']) {
    expect(figureIn(text, name), name).toBeGreaterThanOrEqual(0);
  }
  expect(figureIn(text, 'shh_connections_unknown')).toBe(0);
  for (const kind of ['connections', 'openings', 'requests', 'pages']) {
    expect(figureIn(text, `shh_admission_${kind}_waiting`), kind).toBe(0);
    expect(figureIn(text, `shh_admission_${kind}_refused_total`), kind).toBe(0);
  }
  expect(text).not.toContain(room);
  ann.disconnect();
  ben.disconnect();
});

test('the operator reads how many devices there are, and in how many rooms a removal is waited for', async () => {
  const [ann, ben] = [await world.person('ann'), await world.person('ben')];
  const room = await encryptedRoomOf(ann, ben);
  const figures = async () => {
    const text = await (await scrape()).text();
    return [figureIn(text, 'shh_devices'), figureIn(text, 'shh_removals_due')] as const;
  };
  const [devices, due] = await figures();
  const bensDevice = [await withDevice(ann), await withDevice(ben)][1] as string;
  await ann.graphql(...open(room));
  await ann.graphql(...commit(room, 0, { adds: [bensDevice] }));
  expect(await figures()).toEqual([devices + 2, due]);
  await ben.graphql(...revoke(bensDevice));
  expect(await figures()).toEqual([devices + 1, due + 1]);
  await ann.graphql(...commit(room, 1, { removes: [bensDevice] }));
  expect(await figures()).toEqual([devices + 1, due]);
});

test('while the database is away the operator reads that, and the other figures', async () => {
  const { db } = world.node.core;
  const away = Object.assign(new Error('Can’t reach database server'), { code: 'ECONNREFUSED' });
  const asked = [vi.spyOn(db, '$queryRaw'), vi.spyOn(db.device, 'count'), vi.spyOn(db.room, 'count')];
  for (const one of asked) one.mockRejectedValue(away);
  const text = await (await scrape()).text();
  for (const one of asked) one.mockRestore();
  expect(figureIn(text, 'shh_database_up')).toBe(0);
  expect(figureIn(text, 'shh_bus_up')).toBe(1);
  expect(figureIn(text, 'shh_devices')).toBeNaN();
});

test('a stranger from elsewhere does not read the figures', async () => {
  expect((await scrape({ 'x-forwarded-for': '203.0.113.7' })).headers.get('content-type')).not.toContain('version=');
});

test('with a token only whoever has it reads the figures', async () => {
  const guarded = await openWorld({ METRICS_TOKEN: 'only-for-the-operator' });
  expect((await scrape({}, guarded.node.url)).status).not.toBe(200);
  expect((await scrape({ authorization: 'Bearer something else' }, guarded.node.url)).status).not.toBe(200);
  const answer = await scrape({ authorization: 'Bearer only-for-the-operator' }, guarded.node.url);
  expect(await answer.text()).toContain('shh_database_up 1');
  await guarded.close();
});
