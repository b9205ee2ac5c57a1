import { onScopeDispose, watch } from 'vue';
import { useViewer } from '../auth/useViewer';
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
    if (room && news.__typename === 'MessageSent') onMessage(room, news.message);
    if (room && (mayUnmention(room, news) || mayUncount(room, news))) recount(room.id).catch(() => {});
  }

  function onMessage(room: Room, message: PreviewPartsFragment) {
    if (message.author?.id === viewer.value?.user.id) return;
    const mentioned = room.kind === 'DIRECT' || callsFor(message, viewer.value?.user.id);
    if (room.notify === 'ALL' || (room.notify === 'MENTIONS' && mentioned)) tell(room, message);
  }

  function tell(room: Room, { author, body, files, createdAt }: PreviewPartsFragment) {
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
  onScopeDispose(() => {
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
