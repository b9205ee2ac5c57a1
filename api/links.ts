import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';

/** The token of a link: 192 random bits. It is shown once; what is stored is its hash. */
export const newToken = (): string => randomBytes(24).toString('base64url');

/** What is stored of a secret that has too many random bits to be guessed. */
export const hashOf = (secret: string) => createHash('sha256').update(secret).digest();

/** How many people a link is for, and for how long: `a` names it in refusals. */
export const linkTerms = (a: string) =>
  z.object({
    maxUses: z.int().min(1, `${a} is for one person at least.`).max(1_000, `${a} is for 1,000 people at most.`),
    expiresInHours: z.int().min(1, `${a} lasts an hour at least.`).max(8_760, `${a} lasts a year at most.`),
  });

/** The moment so many hours from now. */
export const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000);
