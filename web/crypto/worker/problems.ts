import { DeviceError, ServerError } from '../device/errors.ts';
import { RecoveryError } from '../recovery/errors.ts';
import { SealError } from '../sealing/errors.ts';
import type { Problem } from './protocol.ts';

const WELL_KNOWN = ['NOT_FOUND', 'FORBIDDEN', 'INVALID_INPUT'];

/** An error as the page knows them. What nobody foresaw is told where programmers look. */
export function problemsOf(error: unknown): Problem[] {
  if (error instanceof ServerError) return [problem(error.code, error.message, error.reason, error.details)];
  if (error instanceof DeviceError) {
    const code = WELL_KNOWN.includes(error.code) ? error.code : 'CONFLICT';
    return [problem(code, error.message, error.code, error.details)];
  }
  if (error instanceof SealError || error instanceof RecoveryError)
    return [problem('INVALID_INPUT', error.message, error.code)];
  console.error(error);
  return [problem('INTERNAL_SERVER_ERROR', 'Something went wrong in this browser. Reload the page.')];
}

const problem = (code: string, message: string, reason?: string, details: object = {}): Problem => ({
  message,
  extensions: { ...details, code, ...(reason && { reason }) },
});
