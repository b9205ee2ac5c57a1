import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP, SocketAddress } from 'node:net';
import type { Config } from './config.ts';
import type { Credentials } from './context.ts';

/** What a request says of itself, proxies that are trusted taken at their word. */
export interface RequestFacts {
  /** Made here, for the log. */
  request: string;
  address: string;
  /** What limits count by: an IPv4 address, or the /64 of an IPv6 address, of which one household has as many as it likes. */
  network: string;
  secure: boolean;
  /** The address that the browser shows: https://host. */
  origin: string;
  credentials: Credentials;
  refreshToken: string | undefined;
  /** Of the names under which the browser keeps its session: HOST_ONLY, none, or both. */
  cookiePrefixes: string[];
  label: string;
}

/** A cookie so called comes from this very host, over https: no other, its own subdomains included, can put it there. */
export const HOST_ONLY = '__Host-';

export function factsOf(config: Config, request: IncomingMessage): RequestFacts {
  const { headers, socket } = request;
  const peer = plain(socket.remoteAddress ?? '');
  const trusted = config.trustedProxies.includes(peer);
  const chain = trusted ? String(headers['x-forwarded-for'] ?? '').split(',') : [];
  // What stands left of the address that our own proxy saw, anyone may have written.
  const nearest = chain.map((part) => plain(part.trim())).findLast((part) => !config.trustedProxies.includes(part));
  const https = trusted && headers['x-forwarded-proto'] === 'https';
  const secure = https || (config.publicUrl?.startsWith('https:') ?? false);
  const cookies = parseCookies(headers.cookie);
  const prefixes = secure ? [HOST_ONLY, ''] : [''];
  const kept = (name: string) => prefixes.map((mark) => cookies[mark + name]).find(Boolean);
  const address = nearest && isIP(nearest) ? nearest : peer;
  return {
    request: randomUUID(),
    address,
    network: networkOf(address),
    secure,
    origin: config.publicUrl ?? `${secure ? 'https' : 'http'}://${headers.host ?? ''}`,
    credentials: { cookie: kept('access_token'), bearer: /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] },
    refreshToken: kept('refresh_token'),
    cookiePrefixes: prefixes.filter((mark) => cookies[`${mark}access_token`] ?? cookies[`${mark}refresh_token`]),
    label: String(headers['user-agent'] ?? ''),
  };
}

/** Whether a browser may send this: from our own pages, or from an origin that is listed. Programs send no Origin. */
export function isOurs(config: Config, request: IncomingMessage, facts: RequestFacts): boolean {
  const { origin } = request.headers;
  if (!origin) return request.headers['sec-fetch-site'] !== 'cross-site';
  return origin === facts.origin || config.allowedOrigins.includes(origin);
}

/**
 * Whether the Host is one of ours: an address of another name that leads here is not (DNS rebinding). Nor are two, of
 * which a proxy may have gone by the other one (RFC 9112, 3.2).
 */
export function isKnownHost(config: Config, { headersDistinct }: IncomingMessage): boolean {
  const [host = '', ...others] = headersDistinct.host ?? [];
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (others.length > 0) return false;
  return config.allowedHosts.some(
    (allowed) => allowed === '*' || allowed === name || (allowed.startsWith('.') && `.${name}`.endsWith(allowed)),
  );
}

function parseCookies(header: string | undefined): Record<string, string | undefined> {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim().split('='));
  return Object.fromEntries(pairs.map(([name = '', ...value]) => [name, value.join('=') || undefined]));
}

const plain = (address: string) => address.replace(/^::ffff:/, '');

function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const { address: text } = new SocketAddress({ address: address.replace(/%.*$/, ''), family: 'ipv6' });
  const mapped = /^::ffff:([\d.]+)$/.exec(text)?.[1];
  if (mapped) return mapped;
  const [first = [], last = []] = text.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array(8 - first.length - last.length).fill('0');
  return `${[...first, ...zeros, ...last].slice(0, 4).join(':')}::/64`;
}
