import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/** What a user would check of the first release: each is the name of a test, or part of one. */
const CHECKS = [
  // Start and set up
  'Run it on a clean machine; a URL with a one-time setup link is printed within 10 seconds.',
  'Open the link, give a name and a password, land in a room. The link does not work twice.',
  'Set "invite"; a stranger cannot sign up; an invited person can.',
  '`/healthz` and `/readyz` answer; stopping the container loses nothing.',
  'Browser network panel shows only our host after an hour of use.',
  '200 users and 1,000,000 messages: nothing hidden, no banner.',
  // Accounts
  'Each works, and a wrong password says the same thing as an unknown name.',
  'Sign up with a name and a password only.',
  'Revoke the other browser: it is signed out within 2 seconds and its socket closes.',
  'Lose the password: get back in with the code; without the code, with a link from an administrator.',
  'Afterwards the name is free, and nothing of the profile is in the database.',
  // Rooms and people
  'Two browsers see each change at once; a deleted room is gone from both and from the database.',
  'A non-member cannot see, count, query or subscribe to a private room.',
  "A member cannot do a moderator's act even by sending the mutation by hand.",
  'A link for one person works once.',
  "The banned person's open subscription ends; rejoining fails.",
  'Start from a profile; after a block nothing arrives, and the other is not told.',
  // Messages
  'All appear in the other browser within 1 second; a deleted body is nowhere in the database.',
  'A pasted script shows as text; code is highlighted; links open safely.',
  'Typing `@an` offers Ana; she gets a mention count.',
  'Two people, same emoji: one chip with 2 and both names.',
  'Paste, drag, pick',
  'Cancel ends it; 25 MB works',
  // In an encrypted room too, once there are such.
  'A word from last week is found, jumped to and highlighted',
  'Opens at that message with context on both sides.',
  // Realtime
  'Cut the network for 10 minutes during 300 sends, edits and deletes: afterwards both screens are identical.',
  'Send the same clientId five times: one message, five equal answers.',
  'Write three messages offline, close the tab, open it online: three messages, in order, once.',
  'Appears at once as sending, then sent; a refusal says why and offers retry.',
  'Off means no event leaves my browser.',
  'Numbers agree on two devices within 2 seconds; reading on one clears the other; never stuck.',
  'Muted room: no badge sound; mention still counts if chosen.',
  // API
  'The Vue client uses no private endpoint; a script can do every action.',
  'Open it, log in, subscribe, send from the app: the event appears.',
  'Page 1,000 messages back and forth: no repeat, no hole, while others write.',
  'Each refusal has a stable code, a sentence, and what to do.',
  'Make, name, expire, revoke; a revoked token fails at once, on sockets too.',
  'Limit, rest and reset in each answer; login, send, join and upload limited.',
  'A deep or wide query is refused with its cost, quickly.',
  'The released schema is in the repository; CI fails on an unannounced breaking change.',
  'The example in the documentation runs as written and survives a server restart.',
  // Interface
  'At 360 px everything is reachable with a thumb; the keyboard does not cover the composer.',
  'Follows the system and can be set.',
  'Every act without a mouse; new messages are announced; no serious axe finding.',
  'An Arabic message in an English room reads correctly, and the other way round.',
  'Type, switch room, come back, reload: it is there.',
  'Empty, loading, offline, error and no-permission each say what is going on.',
];

test('everything that a user would check of the first release is the name of a test', () => {
  const names = sources('tests', /\.test\.ts$/).flatMap((file) => namesIn(read(file)));
  const proved = (check: string) => names.some((name) => name.includes(plain(check)));
  expect(CHECKS.filter((check) => !proved(check))).toEqual([]);
});

test('The Vue client uses no private endpoint; a script can do every action.', () => {
  const asking = /\b(?:fetch|sendBeacon)\(|new (?:XMLHttpRequest|WebSocket|EventSource)\b|\burl: /;
  const asked = sources('web', /\.(ts|vue)$/)
    .filter((file) => !/^web\/(gql|graphiql|worker|vite\.)/.test(file) && asking.test(read(file)))
    .flatMap((file) => [...read(file).matchAll(/['"`}](\/[a-z]+)\b/g)].map(([, path]) => path));
  // The documents that go to /graphql were checked against schema.graphql when their types were made.
  expect(asked).toContain('/graphql');
  expect(new Set(asked.filter((path) => path !== '/files'))).toEqual(new Set(['/graphql']));
});

const sources = (folder: string, kind: RegExp) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .filter((file) => kind.test(file));
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** What the tests, and groups of tests, of a file are called; and texts that such a name stands in. */
const namesIn = (source: string) =>
  [...source.matchAll(/(?:\b(?:test|describe)\b[^'"`;]*\(|= )\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/gs)].map(([, , name]) =>
    plain(name ?? ''),
  );
const plain = (name: string) => name.toLowerCase().replaceAll('’', "'").replaceAll('\\', '').replace(/\.$/, '');
