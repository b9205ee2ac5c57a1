import webPush from 'web-push';
import type { Core } from '../core.ts';

/** With which push services know this installation. */
export interface PushKeys {
  publicKey: string;
  privateKey: string;
}

/** The same on every node, for ever: made by whoever asks first, and kept in the database. */
export function pushKeys(core: Core): Promise<PushKeys> {
  const known = kept.get(core) ?? readOrMake(core);
  kept.set(core, known);
  known.catch(() => kept.delete(core));
  return known;
}

const kept = new WeakMap<Core, Promise<PushKeys>>();

async function readOrMake({ db }: Core): Promise<PushKeys> {
  const { publicKey, privateKey } = webPush.generateVAPIDKeys();
  await db.instance.updateMany({
    where: { only: true, pushPrivateKey: null },
    data: { pushPublicKey: publicKey, pushPrivateKey: privateKey },
  });
  const row = await db.instance.findFirstOrThrow({ where: { only: true } });
  return { publicKey: row.pushPublicKey ?? '', privateKey: row.pushPrivateKey ?? '' };
}
