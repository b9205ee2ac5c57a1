import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { AwsV4Signer } from 'aws4fetch';

/** A bucket that answers as S3 does, as far as the server asks it, and takes only what is signed with its key. */
export async function openBucket() {
  const objects = new Map<string, Buffer>();
  const state = { down: false };
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    if (state.down) return void response.writeHead(403).end('<Error/>');
    if (!(await isSigned(request, body, server))) return void response.writeHead(403).end('<Error/>');
    const key = request.url ?? '';
    const found = objects.get(key);
    if (request.method === 'PUT') objects.set(key, body);
    if (request.method === 'DELETE') objects.delete(key);
    if (request.method !== 'GET') return void response.writeHead(request.method === 'PUT' ? 200 : 204).end();
    if (!found) return void response.writeHead(404).end('<Error/>');
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (first && last) return void response.writeHead(206).end(found.subarray(Number(first), Number(last) + 1));
    response.writeHead(200).end(found);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const environment = {
    S3_ADDRESS: `${addressOf(server)}/files`,
    S3_ACCESS_KEY_ID: KEY.accessKeyId,
    S3_SECRET_ACCESS_KEY: KEY.secretAccessKey,
  };
  return { objects, state, environment, close: () => void server.close() };
}

const KEY = { accessKeyId: 'ada', secretAccessKey: 'quiet' };
const addressOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function isSigned(
  { method = '', url = '', headers }: IncomingMessage,
  body: Buffer,
  server: Server,
): Promise<boolean> {
  const names = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1]?.split(';') ?? [];
  const signed = Object.fromEntries(
    names.filter((name) => name !== 'host').map((name) => [name, String(headers[name])]),
  );
  const datetime = String(headers['x-amz-date']);
  const given = { method, url: addressOf(server) + url, headers: signed, body: new Uint8Array(body), datetime };
  const signer = new AwsV4Signer({ ...KEY, ...given, service: 's3', region: 'us-east-1', allHeaders: true });
  const { headers: expected } = await signer.sign();
  return expected.get('authorization') === headers.authorization;
}
