import { resolve } from 'node:path';
import { type Restored, restoreBackup } from './backups/restore.ts';
import { command } from './command.ts';
import { readConfig } from './config.ts';

command('npm run restore -- FILE [--replace]', { replace: { type: 'boolean' } }, async ([file = ''], { replace }) => {
  const restored = await restoreBackup(readConfig(), resolve(file), { replace }, console.error);
  console.log(`Everything is as it was at ${restored.takenAt}, with ${restored.files} files.`);
  console.log(
    'Everybody has to sign in again. Personal tokens, invitations, links and incoming webhooks have to be made anew, ' +
      'outgoing webhooks started again.',
  );
  console.log(doubtful(restored));
});

function doubtful({ takenAt, standing }: Restored): string {
  const { administrators, passkeys, codeApps, recoveryCodes, devices } = standing;
  return (
    `Passwords are those of ${takenAt}, and so are ${administrators} administrators, ${passkeys} passkeys, ${codeApps} ` +
    `apps with codes, ${recoveryCodes} recovery codes, ${devices} devices of encrypted rooms, who is in which room, and ` +
    'who is banned. What was taken away since is back: take it away again. Whoever lost a device or a password since ' +
    'needs a reset link (/admin): it removes their passkeys too.'
  );
}
