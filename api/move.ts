import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeBackup } from './backups/backup.ts';
import { restoreBackup } from './backups/restore.ts';
import { command } from './command.ts';
import { readConfig } from './config.ts';
import { isHeld } from './db/folderLock.ts';
import { StartError } from './errors.ts';

command('npm run move -- DATABASE_URL', {}, async ([databaseUrl = '']) => {
  const here = readConfig();
  if (here.databaseUrl) throw new StartError('DATABASE_URL is set already: this moves the embedded database.');
  if (await isHeld(here.dataDir))
    throw new StartError('Stop the server first: what people write now would stay behind.');
  const there = {
    ...here,
    databaseUrl: readConfig({ DATABASE_URL: databaseUrl, SECRET_KEY: here.secretKey }).databaseUrl,
  };
  const file = join(here.dataDir, 'move.shh-backup');
  try {
    await writeBackup(here, file, console.error);
    await restoreBackup(there, file, { moved: true }, console.error);
  } finally {
    await rm(file, { force: true });
  }
  const key = join(here.dataDir, 'secret-key');
  console.log(`Everything is in PostgreSQL now. Set DATABASE_URL, and SECRET_KEY to what ${key} holds, and start.`);
  console.log(
    `Files stay where they are. ${join(here.dataDir, 'pg')} is as it was: remove it when you need it no more.`,
  );
});
