import { expect, test } from 'vitest';
import { ModelServer } from './modelServer.ts';
import { browser } from './people.ts';

test('Ann writes to Bob, who was never online together with her, and he reads it and answers', async () => {
  const server = new ModelServer();
  const [ann, bob] = [server.person('Ann'), server.person('Bob')];
  const bobs = await browser(bob, server.session(bob));
  const anns = await browser(ann, server.session(ann));
  const room = server.room('DIRECT', ann, bob);
  await anns.device.makeGroup(room);
  await anns.say(room, 'Are you there?');
  expect(await bobs.read(room)).toEqual(['Are you there?']);
  await bobs.say(room, 'Now I am.');
  expect(await anns.read(room)).toEqual(['Are you there?', 'Now I am.']);
});
