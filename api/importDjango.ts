import { command } from './command.ts';
import { readConfig } from './config.ts';
import { openDatabase } from './db/db.ts';
import { type Counts, importDjango } from './django/import.ts';

const USAGE = 'npm run import:django -- <db.sqlite3 or DATABASE_URL> [--dry-run]';

command(USAGE, { 'dry-run': { type: 'boolean' } }, async ([from = ''], { 'dry-run': dry = false }) => {
  const { prisma, close } = await openDatabase(readConfig());
  const { found, before, after, notes } = await importDjango(prisma, from, dry);
  await close();
  for (const note of notes) console.log(note);
  for (const [when, counts] of Object.entries({
    'in the old database': found,
    'here before': before,
    'here now': after,
  })) {
    console.log(`${when}: ${said(counts)}`);
  }
  if (dry) console.log('That was a rehearsal: nothing was changed.');
});

const said = ({ people, rooms, memberships, messages }: Counts) =>
  `${people} people, ${rooms} rooms, ${memberships} memberships, ${messages} messages`;
