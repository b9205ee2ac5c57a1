import { createECDH, randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import ece from 'http_ece';
import { importJWK, jwtVerify } from 'jose';

/** What a browser gets: the text as it decrypts it, and what the push service saw of it. */
export interface Push {
  data: { room: string; seq: number; waiting: number };
  headers: IncomingHttpHeaders;
  /** As it went over the wire. */
  body: Buffer;
  /** Whose the signature is, and for whom. */
  key: string;
  claims: { aud?: unknown; sub?: unknown; exp?: number };
}

/** A browser that has subscribed. */
export interface Browser {
  subscription: { endpoint: string; p256dh: string; auth: string };
  pushes: Push[];
  /** The statuses with which its next pushes are answered; then 201. */
  answers: number[];
}

/** A push service that takes only what RFC 8030, 8291 and 8292 allow, and hands it to its browsers. */
export async function openPushService() {
  const browsers = new Map<string, { browser: Browser; take: (body: Buffer) => string }>();
  const refused: unknown[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const found = browsers.get(request.url ?? '');
    try {
      if (!found) return void response.writeHead(404).end();
      const status = found.browser.answers.shift() ?? 201;
      if (status !== 201) return void response.writeHead(status).end('x'.repeat(100_000));
      found.browser.pushes.push({ ...(await open(request.headers, url)), body, data: JSON.parse(found.take(body)) });
      response.writeHead(201).end();
    } catch (error) {
      refused.push(error);
      response.writeHead(400).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    /** Why pushes were not taken. */
    refused,
    browser(): Browser {
      const [path, keys, secret] = [`/push/${randomUUID()}`, createECDH('prime256v1'), randomBytes(16)];
      const p256dh = keys.generateKeys().toString('base64url');
      const subscription = { endpoint: url + path, p256dh, auth: secret.toString('base64url') };
      const browser: Browser = { subscription, pushes: [], answers: [] };
      const take = (body: Buffer) =>
        ece
          .decrypt(body, { version: 'aes128gcm', privateKey: keys, authSecret: secret.toString('base64url') })
          .toString();
      browsers.set(path, { browser, take });
      return browser;
    },
    close: () => void server.close(),
  };
}

async function open(headers: IncomingHttpHeaders, audience: string) {
  const expected = { 'content-encoding': 'aes128gcm', 'content-type': 'application/octet-stream' };
  for (const [name, value] of Object.entries(expected)) {
    if (headers[name] !== value) throw new Error(`${name} is ${headers[name]}`);
  }
  if (!(Number(headers.ttl) > 0)) throw new Error(`ttl is ${headers.ttl}`);
  if (!/^[\w-]{1,32}$/.test(String(headers.topic))) throw new Error(`topic is ${headers.topic}`);
  const [, token = '', key = ''] = /^vapid t=([^,]+), *k=([\w-]+)$/.exec(headers.authorization ?? '') ?? [];
  const point = Buffer.from(key, 'base64url');
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'));
  const jwk = await importJWK({ kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' }, 'ES256');
  const { payload: claims } = await jwtVerify(token, jwk, { audience });
  if ((claims.exp ?? 0) - Date.now() / 1_000 > 24 * 3_600) throw new Error('the signature is valid for too long');
  return { headers, key, claims };
}
