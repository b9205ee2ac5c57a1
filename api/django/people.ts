import type { Prisma } from '../db/db.ts';
import { Username, usernameKey } from '../users/username.ts';
import { emailKey, UserInput } from '../users/users.ts';
import type { OldPerson } from './oldRecords.ts';

/** Makes the accounts that are not there yet, with their old passwords, oldest first: who is older keeps the name. */
export async function addPeople(db: Prisma.TransactionClient, people: OldPerson[], notes: string[]): Promise<void> {
  const there = await db.user.findMany({ select: { id: true, usernameKey: true, emailKey: true } });
  const [known, names] = [new Set(there.map(({ id }) => id)), new Set(there.map((user) => user.usernameKey))];
  const addresses = new Set(there.map((user) => user.emailKey));
  for (const person of people.filter(({ id }) => !known.has(id))) {
    const username = freeName(person, names);
    const email = UserInput.shape.email.safeParse(person.email).data ?? null;
    const free = email !== null && !addresses.has(emailKey(email)) ? email : null;
    if (username !== person.username) notes.push(`"${person.username || person.email}" is called ${username} now.`);
    if (person.email && !free) notes.push(`${username} has no e-mail address now: the old one is not valid, or taken.`);
    await db.user.create({ data: accountOf(person, username, free) });
    names.add(usernameKey(username));
    if (free) addresses.add(emailKey(free));
  }
  if (people.some(({ isAdmin, isActive }) => isAdmin && isActive)) {
    await db.instance.updateMany({ where: { setUpAt: null }, data: { setUpAt: new Date() } });
  }
}

function accountOf(person: OldPerson, username: string, email: string | null): Prisma.UserUncheckedCreateInput {
  const name = (text: string) => UserInput.shape.firstName.safeParse(text.slice(0, 60)).data ?? '';
  const [firstName, lastName] = [name(person.firstName), name(person.lastName)];
  return {
    id: person.id,
    username,
    usernameKey: usernameKey(username),
    email,
    emailKey: email && emailKey(email),
    firstName,
    lastName,
    displayName: `${firstName} ${lastName}`.trim().slice(0, 60) || username,
    passwordHash: passwordOf(person),
    isAdmin: person.isAdmin,
    disabledAt: person.isActive ? null : new Date(),
    createdAt: person.createdAt,
  };
}

// Django's own argon2 is ours behind a word. Whoever was switched off there gets in with no password, also once an
// administrator switches them on here: a reset link is made for them then.
function passwordOf({ password, isActive }: OldPerson): string {
  const hash = password.replace(/^argon2\$(?=argon2id\$)/, '$');
  return isActive ? hash : `!${hash}`;
}

function freeName({ username, email }: OldPerson, taken: Set<string>): string {
  const wish = username || email.replace(/@.*$/, '');
  const fits = Username.safeParse(wish);
  const base = fits.success ? fits.data : cleaned(wish);
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base.slice(0, 34)}${n}`;
    if (!taken.has(usernameKey(name))) return name;
  }
}

function cleaned(wish: string): string {
  const name = wish
    .normalize('NFKC')
    .replace(/@.*$/, '')
    .replace(/[^\p{L}\p{M}\p{N}._+-]+/gu, '.')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .slice(0, 34);
  return Username.safeParse(name).data ?? 'person';
}
