import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { fileName } from '../../api/files/fileName.ts';
import { typeOf } from '../../api/files/fileType.ts';
import { look, patch } from '../files.ts';
import { Line, post, send } from '../wire.ts';
import type { Person } from '../world.ts';
import { Documents } from './documents.ts';
import { drawFile, drawPieceHeaders } from './files.ts';
import { drawChatFrame, drawFrame } from './frames.ts';
import { drawRequest } from './routes.ts';
import { type Scene, setScene } from './scene.ts';
import { Draw } from './values.ts';
import { expectAnswer, expectCodes, expectQuiet, listen } from './verdict.ts';

/** `npm run fuzz` gives these; without them a run is the same each time. */
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_122);
const TIMES = Number(process.env.FUZZ_TIMES ?? 1);
const HOURS = 10 * 3_600_000;
const NAME = '{ server { name } }';

let scene: Scene;
let said: string[];
let inputs = 0;
beforeAll(async () => {
  scene = await setScene();
});
afterAll(() => scene?.world.close());
beforeEach(() => {
  said = listen();
});
afterEach(async () => {
  vi.restoreAllMocks();
  expect(said).toEqual([]);
  // Whatever it is called by now.
  expect((await post(scene.node, NAME)).json).toEqual({ data: { server: { name: expect.any(String) } } });
});

test('no document and no variables break the server or make it talk', { timeout: HOURS }, async () => {
  const documents = new Documents(scene.ids);
  await fuzz(900, async (draw) => {
    const who = draw.one(scene.actors);
    const { query, variables } = documents.draw(draw);
    const answer = await who.post('/graphql', JSON.stringify({ query, variables }));
    const text = await answer.text();
    inputs++;
    expectAnswer(answer.status, text, { who: who.name, query, variables, said });
    expectCodes(JSON.parse(text).errors, { who: who.name, query, variables, said });
    scene.ids.learn(text);
    await stay(who, text);
  });
  // Of some hundred fields, those whose passwords are hashed are drawn rarely, and none is drawn by a rule.
  expect(documents.undrawn().length).toBeLessThan(10);
});

test('no request to the documented routes does', { timeout: HOURS }, async () => {
  await fuzz(1_300, async (draw) => {
    const who = draw.one(scene.actors);
    const question = drawRequest(draw, scene.ids, who.accessToken, scene.hook);
    const { status, text } = await send(scene.node, question);
    inputs++;
    expectAnswer(status, text, { ...question, body: String(question.body), said });
    await stay(who, text);
  });
});

test('no frame of graphql-ws does', { timeout: HOURS }, async () => {
  const documents = new Documents(scene.ids);
  await fuzz(230, async (draw) => {
    const who = draw.one(scene.actors);
    const frames = Array.from({ length: 1 + draw.below(9) }, () => drawFrame(draw, documents));
    const line = new Line(scene.node);
    if (!draw.rarely(5)) await line.init(who.accessToken).catch(() => {});
    await line.send(...frames);
    inputs += frames.length;
    await line.ask(NAME).catch(() => {});
    await finish(line, { who: who.name, frames: frames.map(String), said });
    if (who.accessToken)
      await stay(who, JSON.stringify(await who.ask('{ server { name } users(first: 1) { nodes { id } } }')));
  });
});

test('no frame of the old socket does', { timeout: HOURS }, async () => {
  await fuzz(130, async (draw) => {
    const who = draw.one(scene.actors);
    const frames = Array.from({ length: 1 + draw.below(9) }, () => drawChatFrame(draw, scene.ids));
    const path = `/ws/chat/${encodeURIComponent(scene.ids.draw(draw, 'room').toWellFormed()) || '-'}/`;
    const line = new Line(scene.node, { path, protocol: [], headers: { cookie: `access_token=${who.accessToken}` } });
    await line.send(...frames, '{"type":"message_history"}');
    inputs += frames.length;
    await line.next(({ type }) => type === 'message_history').catch(() => {});
    await finish(line, { who: who.name, path, frames: frames.map(String), said });
  });
});

test('no file and no piece of one does', { timeout: HOURS }, async () => {
  const [ann] = scene.actors as [Person];
  const create = 'mutation ($input: CreateUploadInput!) { createUpload(input: $input) { id } }';
  await fuzz(50, async (draw) => {
    const bytes = drawFile(draw);
    const size = draw.rarely(10) ? 1 + draw.below(200) : bytes.length;
    const { data } = await ann.ask(create, { input: { roomId: scene.room, name: draw.text() || 'x', size } });
    const id = data?.createUpload.id ?? draw.text();
    const headers = drawPieceHeaders(draw);
    const context = { bytes: bytes.toString('hex'), size, headers, said };
    const sent = await patch(ann, encodeURIComponent(id.toWellFormed()), 0, bytes, headers);
    expectAnswer(sent.status, await sent.text(), context);
    const seen = await look(ann, encodeURIComponent(id.toWellFormed()), {}, draw.one(['', '', '/thumbnail']));
    expectQuiet(String(seen.headers.get('content-disposition')), context);
    if (seen.status >= 400) expectAnswer(seen.status, await seen.text(), context);
    else await seen.arrayBuffer();
    await ann.ask('mutation ($id: ID!) { cancelUpload(id: $id) }', { id });
    inputs++;
  });
});

test('no beginning of a file and no name of one is too strange to be told', { timeout: HOURS }, async () => {
  await fuzz(1_400, async (draw) => {
    expect(await typeOf(drawFile(draw))).toMatch(/^[\w.+-]+\/[\w.+-]+(; *charset=[\w-]+)?$/);
    const name = fileName(draw.text());
    expect(name).not.toMatch(/[/\\\p{Cc}\p{Cs}]|^\.|^$/u);
    inputs++;
  });
});

test('at least 5,000 inputs were sent', () => {
  vi.restoreAllMocks();
  console.info(`${inputs} inputs, with seed ${SEED}`);
  expect(inputs).toBeGreaterThanOrEqual(5_000 * TIMES);
});

async function fuzz(runs: number, run: (draw: Draw) => Promise<void>) {
  const property = fc.asyncProperty(fc.gen(), (generator) => run(new Draw(generator)));
  await fc.assert(property, { seed: SEED, numRuns: runs * TIMES, endOnFailure: true });
}

async function stay(who: Person, answer: string) {
  if (who.accessToken && /"code":"UNAUTHENTICATED"|Invalid token|not provided/.test(answer)) await scene.comeBack(who);
}

// The server may have closed the socket, but never because it did not know what to do.
async function finish(line: Line, context: object) {
  line.end();
  const { code, reason } = await line.closing;
  expectQuiet(reason, context);
  if ([1011, 4500].includes(code)) expect.fail(`closed with ${code}, ${reason}: ${JSON.stringify(context)}`);
  for (const frame of line.heard()) {
    expectQuiet(JSON.stringify(frame), context);
    expectCodes(frame.type === 'error' && frame.id ? frame.payload : frame.payload?.errors, context);
  }
}
