import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { getOperationAST, parse } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { curlOf } from '../../web/docs/curl.ts';
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
  const variables = JSON.parse(filled(given));
  const isLive = getOperationAST(parse(text))?.operation === 'subscription';
  if (isLive) return expect(await program.subscribe(text, variables).next()).toMatchObject({ seq: 1 });
  expect((await program.ask(text, variables)).errors).toBeUndefined();

  const answer = await asCurl(filled(curlOf(text, given === '{}' ? undefined : given) ?? ''));
  expect(answer).toMatchObject({ data: expect.any(Object) });
  expect(answer.errors).toBeUndefined();
});

const filled = (text: string) => text.replaceAll('ROOM_ID', room).replaceAll('NEW_UUID', randomUUID());

/** What a real shell makes of the line, sent as curl would. */
async function asCurl(line: string) {
  const env = { ...process.env, SHH: world.node.url, TOKEN: program.accessToken };
  const told = execFileSync('/bin/sh', ['-c', `curl() { printf '%s\\0' "$@"; }; ${line}`], { env, encoding: 'utf8' });
  const [url = '', , authorization = '', , type = '', , body = ''] = told.split('\0');
  const headers = Object.fromEntries([authorization, type].map((header) => header.split(': ')));
  return (await fetch(url, { method: 'POST', headers, body })).json();
}
