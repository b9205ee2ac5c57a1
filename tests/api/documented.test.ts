import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { getOperationAST, parse } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWorld, Person, type World } from '../world.ts';

const FOLDER = resolve(import.meta.dirname, '../../examples/api');
const EXAMPLES = readdirSync(FOLDER).map((file) => [file, readFileSync(join(FOLDER, file), 'utf8')] as const);
const TOKEN = 'mutation { createPersonalToken(input: { name: "examples", scope: WRITE }) { token } }';

let world: World;
let room: string;
let program: Person;
beforeAll(async () => {
  world = await openWorld();
  const ana = await world.person('ana');
  const { token } = (await ana.graphql(TOKEN)).createPersonalToken;
  program = new Person(world.node, { name: 'a program', id: ana.id, accessToken: token });
  room = await ana.createRoom();
});
afterAll(async () => {
  program?.disconnect();
  await world.close();
});

test.each(EXAMPLES)('the example %s does as written what it says, with a personal access token', async (_, text) => {
  expect(text).toMatch(/^# \S.+\n# \S.+\n/);
  const given = /^# variables: (.+)$/m.exec(text)?.[1] ?? '{}';
  const variables = JSON.parse(given.replaceAll('ROOM_ID', room).replaceAll('NEW_UUID', randomUUID()));
  const isLive = getOperationAST(parse(text))?.operation === 'subscription';
  if (isLive) return expect(await program.subscribe(text, variables).next()).toMatchObject({ seq: 1 });
  expect((await program.ask(text, variables)).errors).toBeUndefined();
});
