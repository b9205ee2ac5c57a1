import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWorld, type World } from '../world.ts';

/**
 * What the specification of GraphQL over HTTP allows and we do not do, each with its reason. All that it asks for
 * (MUST) and all that it recommends (SHOULD) is done.
 */
const NOT_DONE: Record<string, string> = {
  '5A70': 'GET executes nothing: another site could have a browser send it with the person’s cookies.',
  D6D5: 'GET executes nothing, variables or not.',
  '6A70': 'GET executes nothing, variables or not.',
};

const audits = serverAudits({ url: () => `${world.node.url}/graphql` });

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test('nothing that is a MUST or a SHOULD is left out', () => {
  const names = audits.filter(({ id }) => id in NOT_DONE).map(({ name }) => name);
  expect(names).toHaveLength(Object.keys(NOT_DONE).length);
  for (const name of names) expect(name).toMatch(/^MAY /);
});

test.each(audits.map(({ id, name, fn }): [string, string, typeof fn] => [id, name, fn]))(
  'GraphQL over HTTP, %s: the server %s',
  async (id, _, audit) => {
    const { status, ...rest } = await audit();
    expect({ status, reason: 'reason' in rest && rest.reason }).toMatchObject(
      id in NOT_DONE ? { status: 'notice' } : { status: 'ok' },
    );
  },
);
