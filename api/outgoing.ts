import { lookup as resolveName } from 'node:dns/promises';
import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { Config } from './config.ts';
import { AppError } from './errors.ts';

const LONGEST_ADDRESS = 2_000;
const PATIENCE = 10_000;
const KEPT = 4_096;

/** What another server is sent. */
export interface Outgoing {
  headers?: Record<string, string | number>;
  body?: Buffer | string | null;
}

/** What it answered; of the text only the beginning. */
export interface Answer {
  status: number;
  /** The seconds after which it wants to be asked again, if it says so. */
  retryAfter: number | null;
  text: string;
}

/**
 * The address of another server, as somebody here gave it: https, and leading to the public internet, or to an origin
 * that the operator lists in OUTGOING_ORIGINS. INVALID_INPUT otherwise, also when its name is not known.
 */
export async function checkOutgoing(config: Config, address: string): Promise<URL> {
  const url = urlOf(config, address);
  if (!isListed(config, url)) await publicAddressOf(url.hostname);
  return url;
}

/**
 * Posts to such an address. It is looked up and checked anew, what was checked is what is connected to, and who is
 * there then is checked too. Nothing is redirected. Throws when no answer comes within 10 s, and INVALID_INPUT where the address leads to meanwhile is not public.
 */
export async function post(config: Config, address: string, { headers = {}, body = null }: Outgoing): Promise<Answer> {
  const url = urlOf(config, address);
  const checked = isListed(config, url) ? null : await publicAddressOf(url.hostname);
  const request = url.protocol === 'https:' ? requestSecure : requestPlain;
  const length = body === null ? 0 : Buffer.byteLength(body);
  return new Promise((resolve, reject) => {
    const asking = request(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': length },
      agent: false,
      signal: AbortSignal.timeout(PATIENCE),
      ...(checked && { lookup: always(checked) }),
    });
    asking.on('error', reject);
    // An answer of 101 to which nobody listens ends the request without a word.
    asking.on('upgrade', ({ statusCode = 0 }, socket) => {
      socket.destroy();
      resolve({ status: statusCode, retryAfter: null, text: '' });
    });
    asking.on('socket', (socket) => {
      socket.once('connect', () => {
        if (checked && !isPublic(socket.remoteAddress ?? '')) asking.destroy(notPublic());
      });
    });
    asking.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text = (text + part).slice(0, KEPT);
        if (text.length === KEPT) response.destroy();
      });
      response.on('error', reject);
      response.on('close', () => {
        resolve({ status: response.statusCode ?? 0, retryAfter: seconds(response.headers['retry-after']), text });
      });
    });
    asking.end(body);
  });
}

function urlOf(config: Config, address: string): URL {
  if (address.length > LONGEST_ADDRESS || !URL.canParse(address)) throw refusal('This is not an address.');
  const url = new URL(address);
  if (url.username || url.password) throw refusal('An address here has no name and password in it.');
  if (url.protocol !== 'https:' && !isListed(config, url)) throw refusal('The address must begin with https://.');
  return url;
}

const isListed = ({ outgoingOrigins }: Config, { origin }: URL) => outgoingOrigins.includes(origin);

// A name may have several addresses, and another one the next time: all must be public, and the one that was looked at is used.
async function publicAddressOf(hostname: string): Promise<{ address: string; family: number }> {
  const host = hostname.replace(/^\[|\]$/g, '');
  const found = isIP(host)
    ? [{ address: host, family: isIP(host) }]
    : await resolveName(host, { all: true }).catch(() => []);
  const [first] = found;
  if (!first) throw refusal('There is no server at this address.');
  if (!found.every(({ address }) => isPublic(address))) throw notPublic();
  return first;
}

/** Whether an IP address is one that anybody on the internet can reach. */
export function isPublic(address: string): boolean {
  if (isIP(address) === 4) return !SPECIAL.check(address, 'ipv4');
  return GLOBAL.check(address, 'ipv6') && !SPECIAL.check(address, 'ipv6');
}

// The registries of special-purpose addresses; of IPv6 only the one global block counts.
const GLOBAL = new BlockList();
GLOBAL.addSubnet('2000::', 3, 'ipv6');
const SPECIAL = new BlockList();
for (const net of [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ...['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'],
]) {
  const [base = '', bits] = net.split('/');
  SPECIAL.addSubnet(base, Number(bits), base.includes(':') ? 'ipv6' : 'ipv4');
}

const always =
  ({ address, family }: { address: string; family: number }): LookupFunction =>
  (_host, options, done) =>
    options.all ? done(null, [{ address, family }]) : done(null, address, family);

const seconds = (header: string | undefined) => (header && /^\d{1,6}$/.test(header) ? Number(header) : null);
const notPublic = () => refusal('This address is not on the public internet.');
const refusal = (message: string) => new AppError('INVALID_INPUT', message);
