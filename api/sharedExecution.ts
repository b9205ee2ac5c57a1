import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  type FieldNode,
  getOperationAST,
} from 'graphql';
import type { Context } from './context.ts';
import type { Core } from './core.ts';
import { NoticeGroup, NoticeSubscription } from './realtime/noticeGroup.ts';
import { RoomReader } from './realtime/roomReader.ts';
import { SharedBundle } from './realtime/sharedBundle.ts';
import { type Deliveries, SharedGroup } from './realtime/sharedGroup.ts';
import type { SharedSocket } from './realtime/sharedSocket.ts';
import { SharedSubscription } from './realtime/sharedSubscription.ts';
import { NoticeWatch } from './rooms/noticeWatch.ts';
import { ViewerRooms } from './rooms/viewerRooms.ts';
import { sharedDocuments } from './sharedDocument.ts';
import { render } from './yoga.ts';

/** An operation as it was prepared, with what identifies its group and its place on the wire. */
export interface SharedOperation extends ExecutionArgs {
  /** What every member of the group has in common. */
  key: string;
  operationId: string;
  socket: SharedSocket;
}

/** The variables that only say where to begin: they do not tell groups apart. */
const CURSORS = new Set(['after', 'epoch']);

/** Executes subscriptions that are marked as shared: once for each event, whoever watches. */
export function createSharedExecution(core: Core, deliveries: Deliveries) {
  const groups = new Map<string, SharedGroup>();
  const noticeGroups = new Map<string, NoticeGroup>();
  const documents = sharedDocuments();
  const onTrouble = (error: unknown) => core.log.warn('subscription.trouble', { error });

  function groupOf({ key, ...operation }: SharedOperation, { feed }: RoomReader): SharedGroup {
    const name = `${feed.roomId} ${key}`;
    const known = groups.get(name);
    if (known) return known;
    const textOf = textIn(core, documents, operation);
    const made = new SharedGroup(feed, textOf, deliveries, () => groups.delete(name));
    groups.set(name, made);
    return made;
  }

  function open(operation: SharedOperation, reader: RoomReader): SharedSubscription {
    const { operationId, socket } = operation;
    return new SharedSubscription(operationId, socket, reader, groupOf(operation, reader), onTrouble);
  }

  async function openAll(operation: SharedOperation, rooms: ViewerRooms): Promise<SharedBundle | ExecutionResult> {
    const bundle = new SharedBundle(operation.socket, () => rooms.end());
    try {
      await rooms.start((reader) => bundle.add(open(operation, reader)), onTrouble);
      return bundle;
    } catch (error) {
      await bundle.return();
      return { errors: [render(core, error)] };
    }
  }

  function noticeGroupOf({ key, ...operation }: SharedOperation, watch: NoticeWatch<unknown>): NoticeGroup {
    const name = `${watch.reader.feed.roomId} ${key}`;
    const known = noticeGroups.get(name);
    if (known) return known;
    const textOf = textIn(core, documents, operation);
    const made = new NoticeGroup(
      (onNotice) => watch.listen(onNotice),
      textOf,
      () => noticeGroups.delete(name),
    );
    noticeGroups.set(name, made);
    return made;
  }

  async function openNotices(operation: SharedOperation, watch: NoticeWatch<unknown>): Promise<NoticeSubscription> {
    const { operationId, socket } = operation;
    const group = noticeGroupOf(operation, watch);
    const subscription = new NoticeSubscription(operationId, socket, watch.reader, group, onTrouble);
    await group.ready.catch((error) => {
      subscription.finish();
      throw error;
    });
    return subscription;
  }

  /** An iterator that is done when the operation is; or the errors with which it could not begin. */
  return async (operation: SharedOperation): Promise<AsyncIterableIterator<never> | ExecutionResult> => {
    const source: unknown = await createSourceEventStream(operation);
    if (source instanceof RoomReader) return open(operation, source);
    if (source instanceof ViewerRooms) return openAll(operation, source);
    if (source instanceof NoticeWatch) return openNotices(operation, source);
    return failed(core, source as ExecutionResult);
  };
}

/** What groups an operation with others, if its one root field is marked as shared; null otherwise. */
export function sharedKey({ schema, document, operationName, variableValues }: ExecutionArgs, text: string) {
  const operation = getOperationAST(document, operationName);
  const [field, ...others] = operation?.selectionSet.selections ?? [];
  if (operation?.operation !== 'subscription' || field?.kind !== 'Field' || others.length > 0) return null;
  const definition = schema.getSubscriptionType()?.getFields()[field.name.value];
  if (definition?.extensions.shared !== true) return null;
  const cursors = cursorVariables(field);
  const rest = Object.entries(variableValues ?? {}).filter(([name]) => !cursors.has(name));
  return JSON.stringify([text, operationName ?? null, rest.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function cursorVariables(field: FieldNode): Set<string> {
  const cursors = (field.arguments ?? []).filter((argument) => CURSORS.has(argument.name.value));
  return new Set(cursors.flatMap(({ value }) => (value.kind === 'Variable' ? [value.name.value] : [])));
}

// Groups outlive the operations that begin them: nothing of whoever came first stays here.
function textIn(core: Core, documents: ReturnType<typeof sharedDocuments>, operation: ExecutionArgs) {
  const { schema, document, operationName, variableValues } = operation;
  const shared = documents({ schema, document, operationName, contextValue: nobodysContext(core) });
  return (news: unknown): string => {
    const result = shared.execute(news, variableValues);
    return JSON.stringify(result.errors ? failed(core, result) : result);
  };
}

function failed(core: Core, { data, errors = [] }: ExecutionResult): ExecutionResult {
  return { data, errors: errors.map((error) => render(core, error)) };
}

// What is shared may not look at who asks.
function nobodysContext(core: Core): Context {
  const forbidden = () => {
    throw new Error('a field of a shared subscription looked at the viewer');
  };
  return Object.defineProperties({ core } as Context, {
    caller: { get: forbidden },
    loaders: { get: forbidden },
    cookies: { get: forbidden },
  });
}
