/** An entry of a log as the server has it, with what it knows of commits. */
export interface LoggedEntry {
  __typename: string;
  seq: number;
  id?: string;
  deviceId?: string | null;
  adds?: string[];
  removes?: string[];
  user?: { id: string } | null;
  message?: { id: string; author: { id: string } | null };
}

const LEAVING = ['MemberLeft', 'MemberRemoved'];

/**
 * What was said where this device was in the group, by the log of the server: messages, and the ids of other events. `since` is
 * how many of the messages came after its owner had come into the room for the last time.
 */
export function heardBy(log: LoggedEntry[], deviceId: string, owner: string | undefined) {
  const messages: NonNullable<LoggedEntry['message']>[] = [];
  const events: string[] = [];
  let since = 0;
  for (const { entry, devices } of groupsIn(log)) {
    if (LEAVING.includes(entry.__typename) && entry.user?.id === owner) since = 0;
    if (!devices.has(deviceId)) continue;
    if (entry.__typename === 'MessageSent' && entry.message) {
      messages.push(entry.message);
      since += 1;
    }
    if (entry.__typename === 'SealedEventSent' && entry.id) events.push(entry.id);
  }
  return { heard: { messages, events }, since };
}

/** Each entry with the devices of the group after it. */
export function* groupsIn(log: LoggedEntry[]) {
  let devices = new Set<string>();
  for (const entry of log) {
    const { __typename: kind, deviceId, adds = [], removes = [] } = entry;
    if (kind === 'GroupOpened') devices = new Set([deviceId ?? '']);
    if (kind === 'GroupCommitted')
      devices = new Set([...devices, ...adds, deviceId ?? ''].filter((id) => !removes.includes(id)));
    yield { entry, devices };
  }
}
