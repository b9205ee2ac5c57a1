import { randomUUID } from 'node:crypto';
import { hashPassword } from './auth/passwords.ts';
import type { Core } from './core.ts';
import { sendMessage } from './messages/messages.ts';
import { joinRoom } from './rooms/joining.ts';
import { createRoom } from './rooms/rooms.ts';
import { createUser } from './users/users.ts';

const PASSWORD = 'quiet-please';

/** People to develop with: alice (an administrator), bob and carol, and a room in which they talk. Once. */
export async function seedPeople(core: Core): Promise<void> {
  if ((await core.db.user.count()) > 0) return;
  const passwordHash = await hashPassword(PASSWORD);
  const named = (username: string, displayName: string) =>
    createUser(core.db, { username, displayName, passwordHash, isAdmin: username === 'alice' });
  const [alice, bob, carol] = [await named('alice', 'Alice'), await named('bob', 'Bob'), await named('carol', 'Carol')];
  await core.db.instance.updateMany({ data: { setUpAt: new Date() } });
  const as = (user: { id: string }) => ({ id: user.id, sessionId: '' });
  const room = await createRoom(core, as(alice), { name: 'kitchen-table', topic: 'Plans, meals, small news' });
  for (const user of [bob, carol]) await joinRoom(core, as(user), room.id);
  await sendMessage(core, as(alice), room.id, {
    id: randomUUID(),
    body: 'Welcome. This room was made for trying things out.',
  });
  process.stdout.write(`Sign in as alice, bob or carol with the password ${PASSWORD}.\n`);
}
