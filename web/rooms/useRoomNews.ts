import { onScopeDispose, watch } from 'vue';
import { useViewer } from '../auth/useViewer';
import type { SealedRoom } from '../crypto/types';
import { openCrypto } from '../encryption/useCrypto';
import { onDecrypted } from '../encryption/useDecryptedRooms';
import { filesWords } from '../files/fileWords';
import type { PreviewPartsFragment } from '../gql/graphql';
import { subscribe } from '../lib/live';
import { callsFor } from '../messages/callsFor';
import { expireStored } from '../messages/keptLogs';
import { plainWords } from '../messages/plainWords';
import { useNotifications } from '../notifications/useNotifications';
import { useBlocked } from '../users/useBlocked';
import type { RoomNews } from './roomAfter';
import { roomNewsSubscription } from './roomQueries';
import { roomTitle } from './roomText';
import { type Room, useRooms } from './useRooms';

const LONGEST = 280;
type Told = Pick<PreviewPartsFragment, 'author' | 'body' | 'files' | 'createdAt'>;

/** Follows all rooms of the viewer, so that the list and the notices tell what goes on in them. */
export function useRoomNews() {
  const { viewer } = useViewer();
  const { rooms, fresh, apply, recount } = useRooms();
  const { show } = useNotifications();
  const { blocked } = useBlocked();
  let stop = () => {};

  function onNews(news: RoomNews) {
    const room = rooms.get(news.roomId);
    apply(news, viewer.value?.user.id);
    if (news.__typename === 'MessagesExpired')
      void expireStored(viewer.value?.id ?? '', news.roomId, { upTo: news.upTo });
    if (room?.encryption === 'MLS') {
      openCrypto().then(
        (client) => client.heard(room.id, news.seq),
        () => {},
      );
    } else if (room && news.__typename === 'MessageSent')
      onMessage(room, news.message, callsFor(news.message, viewer.value?.user.id));
    if (room && (mayUnmention(room, news) || mayUncount(room, news))) recount(room.id).catch(() => {});
  }

  /** What was said in an encrypted room is known once it was decrypted. What is not new since this page was opened is no news. */
  function onOpened(now: SealedRoom, before: SealedRoom | undefined) {
    const room = rooms.get(now.roomId);
    const { lastMessage } = now;
    if (!room || !lastMessage || !before || lastMessage.seq <= (before.lastMessage?.seq ?? 0)) return;
    onMessage(room, lastMessage, now.mentionsAfter.includes(lastMessage.seq));
  }

  function onMessage(room: Room, message: Told, named: boolean) {
    if (message.author?.id === viewer.value?.user.id) return;
    const mentioned = room.kind === 'DIRECT' || named;
    if (room.notify === 'ALL' || (room.notify === 'MENTIONS' && mentioned)) tell(room, message);
  }

  function tell(room: Room, { author, body, files, createdAt }: Told) {
    if (!author || blocked.has(author.id) || !isFresh(createdAt)) return;
    const direct = room.kind === 'DIRECT';
    void show({
      roomId: room.id,
      roomName: roomTitle(room),
      sender: author.displayName,
      direct,
      text: plainWords(body?.slice(0, LONGEST) ?? '') || filesWords(files),
    });
  }

  function follow() {
    stop = subscribe(roomNewsSubscription, () => ({ after: positions() }), {
      next: ({ viewerLog }) => onNews(viewerLog),
      complete: () => 'again',
    });
  }

  const positions = () => [...rooms.values()].map(({ id, lastSeq }) => ({ roomId: id, seq: lastSeq }));

  const stopWaiting = watch(fresh, (now) => now && follow(), { immediate: true });
  const stopHearing = onDecrypted(onOpened);
  onScopeDispose(() => {
    stopHearing();
    stopWaiting();
    stop();
  });
}

// A deleted message says no longer whom it named, and an edited one not whom it named before.
const mayUnmention = ({ kind, mentionCount }: Room, { __typename }: RoomNews) =>
  kind !== 'DIRECT' && (__typename === 'MessageEdited' || (__typename === 'MessageDeleted' && mentionCount > 0));

// How many of those that went were unread is for the server to say.
const mayUncount = ({ unreadCount }: Room, { __typename }: RoomNews) =>
  __typename === 'MessagesExpired' && unreadCount > 0;

// What was said while this page was asleep is in the list; it is late for a notice.
const isFresh = (at: string) => Date.now() - Date.parse(at) < 10 * 60_000;
