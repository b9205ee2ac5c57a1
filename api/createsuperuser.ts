import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { hashPassword, Password } from './auth/passwords.ts';
import { readConfig } from './config.ts';
import { type Core, openCore } from './core.ts';
import { AppError, StartError } from './errors.ts';
import { parse } from './input.ts';
import { createLog } from './log.ts';
import { createUser, UserInput } from './users/users.ts';

const NewAdministrator = UserInput.extend({ password: Password });

/** Makes an administrator: asks for what --username, --email and SUPERUSER_PASSWORD do not give. */
async function main() {
  const { values } = parseArgs({ options: { username: { type: 'string' }, email: { type: 'string' } } });
  const core = await openCore(readConfig(), createLog('error'));
  const username = values.username ?? (await ask('Username: '));
  const email = values.email ?? (process.stdin.isTTY ? await ask('E-mail address (may be left out): ') : '');
  const password = process.env.SUPERUSER_PASSWORD ?? (await ask('Password: ', true));
  await create(core, { username, email, password });
  process.stdout.write(`${username} can sign in now, as an administrator.\n`);
  await core.close();
}

async function create(core: Core, input: z.input<typeof NewAdministrator>) {
  const { password, ...account } = parse(NewAdministrator, input);
  const passwordHash = await hashPassword(password);
  await core.db.$transaction(async (db) => {
    await createUser(db, { ...account, passwordHash, isAdmin: true });
    await db.instance.updateMany({ where: { setUpAt: null }, data: { setUpAt: new Date() } });
  });
}

async function ask(question: string, hidden = false): Promise<string> {
  const muted = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: hidden ? muted : process.stdout, terminal: hidden });
  if (hidden) process.stdout.write(question);
  const answer = await terminal.question(hidden ? '' : question);
  terminal.close();
  if (hidden) process.stdout.write('\n');
  return answer;
}

main()
  .then(() => process.exit(0))
  .catch((error) => {
    process.stderr.write(`${error instanceof StartError ? error.message : sentences(error)}\n`);
    process.exit(1);
  });

function sentences(error: unknown): string {
  if (!(error instanceof AppError)) return (error as Error).stack ?? String(error);
  return Object.entries(error.details.fields ?? { '': [error.message] })
    .map(([name, texts]) => `${name} ${texts.join(' ')}`.trim())
    .join('\n');
}
