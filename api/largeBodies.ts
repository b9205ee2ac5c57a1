import { type DefinitionNode, type DocumentNode, Kind, parse } from 'graphql';
import { type Credentials, viewerOrNobody } from './context.ts';
import type { Core } from './core.ts';
import { findOwnDevice } from './devices/ownDevice.ts';
import { MOST_TOKENS } from './documentLimits.ts';

/** In bytes: a commit, a group info and a welcome of 512 kB each, as Base64, and what is around them. */
export const LARGEST_BODY = 2_250_000;

const LARGE = new Set(['openGroup', 'commitGroup', 'sendSealed', 'publishKeyPackages']);

/** Whether somebody may send a large body at all: their session has a device in use. */
export async function maySendLarge(core: Core, credentials: Credentials): Promise<boolean> {
  const viewer = await viewerOrNobody(core, credentials);
  if (!viewer || viewer.scope) return false;
  const device = await findOwnDevice(core, viewer);
  return device !== null && !device.revokedAt;
}

/** Whether a body asks for nothing but what may be large. */
export function isLarge(body: Buffer): boolean {
  const definitions = documentIn(body)?.definitions ?? [];
  return definitions.length > 0 && definitions.every(isOfDevices);
}

function isOfDevices(definition: DefinitionNode): boolean {
  if (definition.kind !== Kind.OPERATION_DEFINITION) return false;
  return definition.selectionSet.selections.every((field) => field.kind === Kind.FIELD && LARGE.has(field.name.value));
}

// What cannot be read is told as too large, too.
function documentIn(body: Buffer): DocumentNode | null {
  try {
    return parse(JSON.parse(body.toString()).query, { maxTokens: MOST_TOKENS });
  } catch {
    return null;
  }
}
