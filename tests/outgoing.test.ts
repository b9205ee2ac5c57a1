import dns from 'node:dns';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer as createSite } from 'node:http';
import { createServer as createSecureSite } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test, vi } from 'vitest';
import type { Config } from '../api/config.ts';
import { checkOutgoing, isPublic, post } from '../api/outgoing.ts';
import { SELF_SIGNED } from './services/selfSigned.ts';

vi.mock('node:dns/promises', async (original) => {
  const real = await original<typeof import('node:dns/promises')>();
  return { ...real, lookup: vi.fn(real.lookup) };
});
// As if a later Node did not use what it is told to use.
let unpinned = false;
vi.mock('node:https', async (original) => {
  const real = await original<typeof import('node:https')>();
  const request = (url: URL, options: object) =>
    real.request(url, { ...options, ...(unpinned && { lookup: undefined }) });
  return { ...real, request };
});

const config = { outgoingOrigins: ['http://10.0.0.5:8080'] } as unknown as Config;
const refused = (address: string) => checkOutgoing(config, address).catch(({ code, message }) => `${code} ${message}`);

test('what lies in this machine, in its network or beside it in a cloud is not asked', async () => {
  for (const host of [
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
  ]) {
    expect(await refused(`https://${host}/hook`)).toContain('not on the public internet');
  }
  // The same, as URLs let one write them.
  for (const host of [
    'localhost',
    '2130706433',
    '0x7f.1',
    '127.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[fd00::1]',
    '[fe80::1]',
  ]) {
    expect(await refused(`https://${host}/hook`)).toContain('not on the public internet');
  }
  for (const address of [
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '::127.0.0.1',
    'ff02::1',
    '2001:db8::1',
    '255.255.255.255',
  ]) {
    expect(isPublic(address)).toBe(false);
  }
  for (const address of ['1.1.1.1', '142.250.1.1', '2606:4700::1111', '2a00:1450::1'])
    expect(isPublic(address)).toBe(true);
});

test('an address is https and says where, and nothing more', async () => {
  expect(await refused('http://1.1.1.1/hook')).toContain('https://');
  expect(await refused('file:///etc/passwd')).toContain('https://');
  expect(await refused('https://name:word@1.1.1.1/')).toContain('no name and password');
  expect(await refused('nowhere')).toContain('not an address');
  expect(await refused(`https://1.1.1.1/${'x'.repeat(2_000)}`)).toContain('not an address');
  expect(await refused('https://nobody.invalid/')).toContain('no server');
  expect((await checkOutgoing(config, 'https://1.1.1.1:8443/x')).port).toBe('8443');
});

test('what the operator lists may be asked, by its exact origin', async () => {
  expect((await checkOutgoing(config, 'http://10.0.0.5:8080/hook')).pathname).toBe('/hook');
  expect(await refused('http://10.0.0.5:8081/hook')).toContain('https://');
  expect(await refused('https://10.0.0.5/hook')).toContain('not on the public internet');
});

test('it is checked again when it is asked', async () => {
  await expect(post(config, 'https://169.254.169.254/latest', {})).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});

test('a server that sends us elsewhere is not followed', async () => {
  const asked: string[] = [];
  const server = createSite((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const listed = { outgoingOrigins: [origin] } as unknown as Config;
  expect(await post(listed, `${origin}/hook`, {})).toMatchObject({ status: 307 });
  expect(asked).toEqual(['/hook']);
  server.close();
});

test('a server whose certificate nobody vouches for is told nothing', async () => {
  const asked: string[] = [];
  const server = createSecureSite(SELF_SIGNED, (request, response) => {
    asked.push(request.url ?? '');
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const listed = { outgoingOrigins: [origin] } as unknown as Config;
  await expect(post(listed, `${origin}/hook`, {})).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  expect(asked).toEqual([]);
  server.close();
});

test('a site that answers by changing the protocol has answered', async () => {
  const site = createServer((socket) => {
    socket
      .on('error', () => {})
      .once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
      });
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  const there = { outgoingOrigins: [origin] } as unknown as Config;
  expect(await post(there, `${origin}/hook`, { body: '{}' })).toMatchObject({ status: 101 });
  site.close();
});

test('a name that leads to the public internet when it is checked, and here when it is connected to, reaches nobody', async () => {
  const heard: string[] = [];
  const here = createServer((socket) => {
    heard.push('somebody');
    socket.on('error', () => {}).on('data', () => heard.push('something'));
  });
  await once(here.listen(0, '127.0.0.1'), 'listening');
  const { port } = here.address() as AddressInfo;
  const later = vi
    .spyOn(dns, 'lookup')
    .mockImplementation(((_host: string, options: { all?: boolean }, done: any) =>
      options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)) as never);
  // Public by its number, and nobody's.
  vi.mocked(lookup).mockImplementation((async () => [{ address: '2000::1', family: 6 }]) as never);
  const posted = () => post(config, `https://rebinding.test:${port}/hook`, { body: 'a secret' });

  await expect(posted()).rejects.not.toMatchObject({ code: 'INVALID_INPUT' });
  expect([later.mock.calls.length, heard]).toEqual([0, []]);

  unpinned = true;
  await expect(posted()).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  expect(later).toHaveBeenCalled();
  expect(heard).not.toContain('something');
  here.close();
}, 30_000);
