import { type Component, computed, ref, watch } from 'vue';
import { type RouteLocationRaw, useRouter } from 'vue-router';
import IconSearch from '~icons/lucide/search';
import { useViewer } from '../auth/useViewer';
import { formatWhen } from '../lib/formats';
import { authorName } from '../messages/authorName';
import { type Found, useMessageSearch } from '../search/useMessageSearch';
import { useSearchPanel } from '../search/useSearchPanel';
import { useUserSearch } from '../users/useUserSearch';
import { fitting } from './matching';
import { joinRoom, openDirectRoom } from './roomActs';
import { roomTitle } from './roomText';
import { type Command, useCommands } from './useCommands';
import { useRoomSearch } from './useRoomSearch';
import { useRoomSections } from './useRoomSections';
import { type Room, useRooms } from './useRooms';
import { useUnread } from './useUnread';

export interface Place {
  id: string;
  kind: 'room' | 'private' | 'person' | 'message' | 'command';
  name: string;
  note: string;
  /** Whose picture stands before it, where that is not of whom it is the name. */
  by?: string;
  seed: string;
  colour?: number | null | undefined;
  icon?: Component;
  /** Does it, and gives where to go then. */
  enter: () => Promise<RouteLocationRaw | undefined>;
}

/** Where one can go and what one can do, as one types. `>` asks for commands only, `@` for people only. */
export function useJump() {
  const typed = ref('');
  const only = computed(() => (/^[>@]/.test(typed.value) ? typed.value[0] : ''));
  const words = computed(() => typed.value.slice(only.value ? 1 : 0).trim());
  const router = useRouter();
  const { viewer } = useViewer();
  const { rooms, directRooms } = useRooms();
  const { inOrder } = useRoomSections();
  const { unread } = useUnread();
  const commands = useCommands().map(commandPlace);
  const publicRooms = useRoomSearch();
  const users = useUserSearch();
  const said = useMessageSearch(
    computed(() => (only.value || words.value.length < 2 ? '' : words.value)),
    ref(),
  );
  const { open: search } = useSearchPanel();

  watch(words, (now) => {
    publicRooms.search.value = now;
    users.search.value = now;
  });

  const own = computed(() => {
    const wanted = only.value === '@' ? directRooms.value : inOrder.value;
    return fitting(
      wanted.map((room) => ownPlace(room, unread.value.has(room.id))),
      words.value,
    );
  });

  const otherRooms = computed<Place[]>(() =>
    fitting(publicRooms.items.value, words.value)
      .filter((room) => !rooms.has(room.id))
      .map(({ id, name, topic }) => {
        const enter = async () => toRoom((await joinRoom(id)).id);
        return { id, kind: 'room', name, note: topic, seed: '', enter };
      }),
  );

  const otherPeople = computed<Place[]>(() => {
    const known = new Set(directRooms.value.map((room) => room.directWith?.id).concat(viewer.value?.user.id));
    return users.items.value
      .filter((user) => !known.has(user.id))
      .map(({ id, displayName, username, colour }) => {
        const enter = async () => toRoom((await openDirectRoom(id)).id);
        return { id, kind: 'person', name: displayName, note: `@${username}`, seed: id, colour, enter };
      });
  });

  const messages = computed(() =>
    said.phase.value === 'done' ? said.found.value.slice(0, 3).map((found) => messagePlace(found, nameOf(found))) : [],
  );

  function nameOf({ message }: Found) {
    const room = rooms.get(message.roomId);
    return room && roomTitle(room);
  }

  const groups = computed(() => {
    const asked = Boolean(words.value);
    const commandsOnly = only.value === '>';
    const everyone = only.value === '@' || asked;
    const groups: { title: string; places: Place[] }[] = [
      { title: only.value ? 'People' : 'Rooms and people', places: commandsOnly ? [] : own.value.slice(0, 8) },
      { title: 'Rooms to join', places: asked && !only.value ? otherRooms.value.slice(0, 5) : [] },
      { title: 'Everyone here', places: everyone && !commandsOnly ? otherPeople.value.slice(0, 8) : [] },
      {
        title: 'Do',
        places: commandsOnly || (asked && !only.value) ? fitting(commands, words.value).slice(0, asked ? 6 : 20) : [],
      },
    ];
    if (asked && !only.value)
      groups.push({ title: 'Messages', places: [...messages.value, searchPlace(words.value, search)] });
    return groups.filter((group) => group.places.length > 0);
  });

  async function go(place: Place) {
    const to = await place.enter();
    if (to) await router.push(to);
  }

  return { typed, words, groups, go };
}

function ownPlace(room: Room, unread: boolean): Place {
  const enter = async () => toRoom(room.id);
  const name = roomTitle(room);
  const user = room.directWith;
  if (room.kind === 'DIRECT') {
    const note = unread ? 'unread' : user ? `@${user.username}` : '';
    return { id: room.id, kind: 'person', name, note, seed: user?.id ?? '', colour: user?.colour, enter };
  }
  const kind = room.kind === 'PRIVATE' ? 'private' : 'room';
  return { id: room.id, kind, name, note: unread ? 'unread' : room.topic, seed: '', enter };
}

function commandPlace({ id, name, icon, run }: Command): Place {
  return { id, kind: 'command', name, note: '', seed: '', icon, enter: doing(run) };
}

function searchPlace(words: string, search: (words: string) => void): Place {
  const name = `Search messages for “${words}”`;
  return {
    id: 'search',
    kind: 'command',
    name,
    note: '',
    seed: '',
    icon: IconSearch,
    enter: doing(() => search(words)),
  };
}

function messagePlace({ message, excerpt }: Found, roomName = ''): Place {
  const { id, roomId, author, createdAt } = message;
  const note = `${roomName}, ${formatWhen(createdAt)}`;
  const enter = async () => ({ ...toRoom(roomId), query: { message: id }, force: true });
  const name = authorName(message);
  return {
    id,
    kind: 'message',
    name: wordsAround(excerpt),
    note,
    by: name,
    seed: author?.id ?? '',
    colour: author?.colour,
    enter,
  };
}

const BEFORE = 24;

/** What was found in one line, which begins a few words before it. */
function wordsAround(excerpt: Found['excerpt']): string {
  const at = excerpt.findIndex(({ isMatch }) => isMatch);
  const before = at > 0 ? (excerpt[at - 1]?.text ?? '') : '';
  const from = before.length > BEFORE ? before.slice(before.indexOf(' ', before.length - BEFORE) + 1) : before;
  return [from, ...excerpt.slice(Math.max(0, at)).map(({ text }) => text)].join('').replace(/\s+/g, ' ');
}

const toRoom = (id: string): RouteLocationRaw & object => ({ name: 'room', params: { id } });

function doing(run: () => unknown) {
  return async () => {
    await run();
    return undefined;
  };
}
