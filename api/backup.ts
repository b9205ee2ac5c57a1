import { resolve } from 'node:path';
import { writeBackup } from './backups/backup.ts';
import { command } from './command.ts';
import { readConfig } from './config.ts';

command('npm run backup -- FILE', {}, async ([file = '']) => {
  const { tables, files, lost } = await writeBackup(readConfig(), resolve(file), console.error);
  const [people, rooms, entries] = ['user', 'room', 'entry'].map((name) => tables[name]?.rows ?? 0);
  console.log(`${file}: ${people} people, ${rooms} rooms, ${entries} entries of their logs, ${files} files.`);
  if (lost.length > 0)
    console.error(`The bytes of these files are missing, here and in the backup: ${lost.join(' ')}.`);
});
