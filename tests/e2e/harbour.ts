import { randomUUID } from 'node:crypto';
import sharp from 'sharp';
import { usernameKey } from '../../api/users/username.ts';
import { type Node, type Person, register } from '../world.ts';

/** A house full of people: rooms that are read, unread, private, empty and not joined, and somebody who waits for Sam. */
export async function inhabit(node: Node) {
  await node.core.db.instance.updateMany({
    data: { name: 'Harbour House', runBy: 'Bea Whitlock', setUpAt: new Date() },
  });
  const names = ['Sam Eriksen', 'Imani Okafor', 'Ada Lindqvist', 'Kenji Mori', 'Tomás Rivera', 'Noor Haddad'];
  const people = await Promise.all(names.map((name) => moveIn(node, name)));
  const [sam, imani, ada, kenji, tomas, noor] = people as [Person, Person, Person, Person, Person, Person];
  const room = (by: Person, name: string, topic: string, kind = 'PUBLIC', members: Person[] = people) =>
    makeRoom(by, { name, topic, kind }, members);

  const kitchen = await room(ada, 'kitchen-table', 'Plans, meals, small news');
  const boats = await room(kenji, 'boat-shed', 'Everything that floats');
  const books = await room(noor, 'book-club', 'Chapter nine, no spoilers', 'PUBLIC', [sam, noor]);
  const money = await room(ada, 'house-money', 'Invoices', 'PRIVATE', [sam, ada]);
  const porch = await room(sam, 'porch', '', 'PUBLIC', [sam]);
  const garden = await room(noor, 'greenhouse', 'Tomatoes, mostly', 'PUBLIC', [noor]);
  await say(noor, books, 'chapter nine, no spoilers');
  await say(ada, money, 'invoice is in');
  await say(kenji, kitchen, 'The tide table moved. If you use the script, it is now `tide.lan/v2/jetty`.');
  await say(noor, kitchen, 'Weather looks kind for the weekend. Shall we take the small boat out on Saturday?');
  await say(tomas, kitchen, 'In. I can bring the blue cooler and the good thermos.');
  await say(ada, kitchen, 'Already done, replaced it on Tuesday.');
  await say(imani, kitchen, 'Could you bring the spare life vests? I think they are still in your shed.');
  await say(imani, kitchen, 'And the list from last year, if you can find it.');
  await say(sam, kitchen, 'Both in the shed, I will dry the vests tonight and pack the list.');
  for (const other of [ada, kenji]) await say(other, await direct(other, sam), 'Thank you for the rope');
  const imanis = await direct(imani, sam);
  return { sam, imani, ada, kenji, noor, kitchen, boats, books, porch, garden, imanis };
}

async function moveIn(node: Node, displayName: string): Promise<Person> {
  const [first = ''] = displayName.split(' ');
  const person = await register(node, first);
  const username = usernameKey(first.normalize('NFD').replace(/\p{M}/gu, ''));
  const data = { displayName, username, usernameKey: username };
  await node.core.db.user.update({ where: { id: person.id }, data });
  return Object.assign(person, { username });
}

export async function makeRoom(by: Person, input: { name: string; topic?: string; kind?: string }, members: Person[]) {
  const make = 'mutation ($input: CreateRoomInput!) { createRoom(input: $input) { id } }';
  const { id } = (await by.graphql(make, { input })).createRoom;
  for (const member of members) if (member !== by) await add(by, id, member, input.kind === 'PRIVATE');
  return id as string;
}

async function add(by: Person, id: string, member: Person, isPrivate: boolean) {
  if (!isPrivate) return member.graphql('mutation ($id: ID!) { joinRoom(id: $id) { id } }', { id });
  const document = 'mutation ($id: ID!, $user: ID!) { addMember(roomId: $id, userId: $user) { role } }';
  return by.graphql(document, { id, user: member.id });
}

export async function direct(by: Person, other: Person): Promise<string> {
  const { openDirectRoom } = await by.graphql('mutation ($id: ID!) { openDirectRoom(userId: $id) { id } }', {
    id: other.id,
  });
  return openDirectRoom.id;
}

export function say(by: Person, roomId: string, body: string, files?: string[]) {
  const document = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { seq } }';
  return by.graphql(document, { input: { id: randomUUID(), roomId, body, files } });
}

/** A boat before hills at sunset, as JPEG. */
export function photo(width = 1200, height = 750): Promise<Buffer> {
  const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 300" width="${width}" height="${height}">
    <defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="#8fa8b3"/><stop offset="1" stop-color="#f0c19a"/></linearGradient>
    <linearGradient id="sea" x2="0" y2="1"><stop stop-color="#e0a889"/><stop offset="1" stop-color="#3d5a68"/></linearGradient></defs>
    <rect width="480" height="166" fill="url(#sky)"/><circle cx="340" cy="132" r="22" fill="#f6e2c0"/>
    <path d="M0 166 70 116 130 150 190 96 262 150 330 118 400 146 480 120V166Z" fill="#6f7f7a"/>
    <rect y="164" width="480" height="136" fill="url(#sea)"/><path d="M145 226H255L240 252H160Z" fill="#23303a"/>
    <path d="M198 158V226M202 166 236 220H202Z" fill="#f2e8d5" stroke="#23303a" stroke-width="3"/></svg>`;
  return sharp(Buffer.from(picture)).jpeg().toBuffer();
}
