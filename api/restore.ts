import { resolve } from 'node:path';
import { restoreBackup } from './backups/restore.ts';
import { command } from './command.ts';
import { readConfig } from './config.ts';

command('npm run restore -- FILE [--replace]', { replace: { type: 'boolean' } }, async ([file = ''], { replace }) => {
  const { takenAt, files } = await restoreBackup(readConfig(), resolve(file), { replace }, console.error);
  console.log(`Everything is as it was at ${takenAt}, with ${files} files. Everybody has to sign in again.`);
});
