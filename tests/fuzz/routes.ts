import type { Question } from '../wire.ts';
import { type Draw, garbled, type Ids } from './values.ts';

const ROUTES: [method: string, path: string, ...fields: string[]][] = [
  ['POST', '/register/', 'username', 'password', 'email', 'first_name', 'last_name', 'invitation'],
  ['POST', '/login/', 'username', 'email', 'password'],
  ['POST', '/refresh/'],
  ['POST', '/logout/'],
  ['GET', '/api/users/'],
  ['GET', '/rooms/'],
  ['POST', '/rooms/create/', 'chat_room_name'],
  ['POST', '/room/join/', 'room_id'],
  ['POST', '/room/leave/', 'room_id'],
  ['DELETE', '/room/delete/ID/'],
  ['GET', '/files/ID'],
  ['GET', '/export'],
  ['POST', '/hooks/HOOK', 'text'],
  ['GET', '/healthz'],
  ['POST', '/graphql', 'query', 'variables', 'operationName', 'extensions'],
];
const METHODS = ['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS'];
const JSON_TYPE = 'application/json';
const FORM = 'application/x-www-form-urlencoded';
const TYPES = [
  JSON_TYPE,
  FORM,
  '',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/json; charset=latin1',
  'a/b;c',
];

/** Requests to the documented routes: what their clients would send, with a part of it that none would. */
export function drawRequest(draw: Draw, ids: Ids, accessToken: string, hook: string): Question {
  const [method, path, ...fields] = draw.one(ROUTES);
  const type = draw.rarely(15) ? draw.one(TYPES) : draw.one([JSON_TYPE, JSON_TYPE, FORM]);
  const body = drawBody(draw, ids, fields, type);
  return {
    method: draw.rarely(10) ? draw.one(METHODS) : method,
    path: drawPath(
      draw,
      path.replace('ID', () => encodeURIComponent(safe(ids.draw(draw, 'room')))).replace('/hooks/HOOK', hook),
    ),
    headers: {
      ...drawHeaders(draw, accessToken),
      ...(type && { 'content-type': type }),
      'content-length': `${body.length}`,
    },
    body,
  };
}

function drawBody(draw: Draw, ids: Ids, fields: string[], type: string): Buffer {
  const given = Object.fromEntries(
    fields.filter(() => draw.rarely(80)).map((name) => [name, drawField(draw, ids, name)]),
  );
  const text = type === FORM ? `${new URLSearchParams(given as Record<string, string>)}` : JSON.stringify(given);
  if (draw.rarely(5)) return draw.bytes(64);
  if (draw.rarely(5)) return Buffer.from(JSON.stringify(draw.json()) ?? '');
  return Buffer.from(draw.rarely(10) ? garbled(draw, text) : text);
}

function drawField(draw: Draw, ids: Ids, name: string): unknown {
  if (draw.rarely(12)) return draw.json();
  // A hash takes 30 ms: most passwords are refused before it.
  if (name === 'password') return draw.one(['', 'short', 7, null, '12345678']);
  return name.endsWith('_id') ? ids.draw(draw, name) : draw.text();
}

function drawPath(draw: Draw, path: string): string {
  if (draw.rarely(6)) return `/${encodeURI(safe(draw.text()))}`.replaceAll(' ', '%20');
  return draw.rarely(8)
    ? path + draw.one(['/', '?x=%00', '?room_id=1', '%00', '/..', '#', '%'])
    : path.replace(/\/$/, draw.one(['', '/']));
}

function drawHeaders(draw: Draw, accessToken: string): Record<string, string> {
  const token = draw.rarely(10)
    ? draw.one(['x', 'a.b.c', accessToken.slice(0, -1), '', `${accessToken}x`, '%'])
    : accessToken;
  const carried = draw.one<Record<string, string>>([
    { authorization: `Bearer ${token}` },
    { cookie: `access_token=${token}` },
    { cookie: '=;;=a; access_token' },
  ]);
  const more = draw.one<Record<string, string>>([
    { 'x-forwarded-for': '1.2.3.4, x' },
    { 'upload-offset': '-1' },
    { range: 'bytes=9-1' },
    { cookie: 'refresh_token=%00' },
    { 'transfer-encoding': 'identity' },
    { 'accept-language': '*;q=x' },
    { accept: 'text/html' },
    { 'if-none-match': '"' },
    { expect: '100-continue' },
  ]);
  return { ...carried, ...(draw.rarely(15) && more) };
}

const safe = (text: string) => text.toWellFormed();
