import { type Figure, shown } from '../figures.ts';
import type { Settings } from '../main.ts';
import { type Child, startChild } from '../processes.ts';

const CROWD = 100;
const QUIET = 300;

/** A flood of logins, each with a password that has to be hashed: how long others wait meanwhile. */
export async function logins({ services, quick, say }: Settings): Promise<Figure[]> {
  const server = await startChild('ours');
  const { port } = await start(server, await services.database());
  const url = `http://127.0.0.1:${port}`;
  const alone = await health(url, async () => {
    for (let n = 0; n < QUIET; n++) await new Promise((resolve) => setTimeout(resolve, 5));
  });
  const codes: Record<string, number> = {};
  const flooded = await health(url, async () => {
    for (let round = 0; round < (quick ? 1 : 5); round++) {
      const answers = await Promise.all(Array.from({ length: CROWD }, (_, n) => logIn(url, `nobody${round}.${n}`)));
      for (const code of answers) codes[code] = (codes[code] ?? 0) + 1;
    }
  });
  await server.stop();
  say(
    `The logins were answered with ${Object.entries(codes)
      .map(([code, count]) => `${code}: ${count}`)
      .join(', ')}.`,
  );
  const rest = `; ${shown(p99(alone), 'ms')} without`;
  return [
    { name: `/healthz while ${CROWD} sign in at once, p99${rest}`, value: p99(flooded), unit: 'ms', atMost: 250 },
  ];
}

const start = (server: Child, url: string) => {
  const generous = { LIMIT_LOGINS_PER_MINUTE: '1000000' };
  return server.call<{ port: number }>('start', { DATABASE_URL: url, ...generous });
};

/** How long /healthz takes, again and again, for as long as the work lasts. */
async function health(url: string, work: () => Promise<void>): Promise<number[]> {
  const took: number[] = [];
  let over = false;
  const worked = work().finally(() => {
    over = true;
  });
  while (!over) {
    const asked = performance.now();
    await (await fetch(`${url}/healthz`)).arrayBuffer();
    took.push(performance.now() - asked);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await worked;
  return took;
}

async function logIn(url: string, username: string): Promise<string> {
  const query = `mutation { logIn(input: { username: "${username}", password: "not the password" }) { accessToken } }`;
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
  const { errors } = (await answer.json()) as { errors?: { extensions: { code: string } }[] };
  return errors?.[0]?.extensions.code ?? 'OK';
}

const p99 = (took: number[]) => took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.99)] ?? Number.NaN;
