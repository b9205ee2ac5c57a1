import { isCheckViolation } from '../db/driverErrors.ts';
import type { Room } from '../db/model.ts';
import { AppError } from '../errors.ts';

/** Refuses what an encrypted room keeps inside the encryption. */
export function refuseEncrypted({ encryption }: Pick<Room, 'encryption'>): void {
  if (encryption !== 'NONE') throw encrypted();
}

/** The same for what the database refuses, because the room was encrypted since it was looked at. */
export function refuseGuarded(error: unknown): never {
  throw isCheckViolation(error) ? encrypted() : error;
}

const encrypted = () =>
  new AppError('CONFLICT', 'This room is end-to-end encrypted: what is in plain text is not taken.', {
    reason: 'E2EE_REQUIRED',
  });
