import { expect, test } from 'vitest';
import type { Config } from '../api/config.ts';
import { checkOutgoing, isPublic, post } from '../api/outgoing.ts';

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
