import { computed } from 'vue';
import { useCrypto } from './useCrypto';

const client = useCrypto();

export interface Bar {
  sentence: string;
  /** What leads on from here. */
  act?: 'retry' | 'recover' | 'renew' | 'trust';
  /** Nothing can be written as long as it is so. */
  closed: boolean;
}

/** What this device knows of an encrypted room, and what a person has to be told of it. */
export function useEncryptedRoom(roomId: () => string) {
  const known = computed(() => client.value?.rooms.get(roomId()));
  const bar = computed((): Bar | undefined => deviceBar() ?? roomBar());

  function roomBar(): Bar | undefined {
    const room = known.value;
    switch (room?.state) {
      case 'catching-up':
        return { sentence: catchingUp(room.progress), closed: false };
      case 'waiting':
        return { sentence: WAITING, closed: false };
      case 'not-joined':
        return { sentence: 'This room is entered through its invite link. Open the link once more.', closed: true };
      case 'broken':
        return { sentence: room.problem ?? BROKEN, act: 'renew', closed: true };
      default:
        return room?.blockedBy.length ? { sentence: CHANGED, act: 'trust', closed: true } : undefined;
    }
  }

  return { known, bar };
}

/** What this browser as a device is not ready for. */
function deviceBar(): Bar | undefined {
  switch (client.value?.status.value) {
    case 'unsupported':
      return { sentence: client.value.problem.value, closed: true };
    case 'failed':
      return { sentence: client.value.problem.value, act: 'retry', closed: true };
    case 'elsewhere':
      return { sentence: ELSEWHERE, act: 'recover', closed: true };
    default:
      return undefined;
  }
}

const catchingUp = (progress: { done: number; of: number } | undefined) =>
  progress ? `Catching up… ${progress.done} of ${progress.of}` : 'Catching up…';

const ELSEWHERE = 'This browser does not have your keys yet, so it cannot read what is said here.';
const WAITING =
  'Somebody of this room has to be online once to let this browser in. What you write is kept and sent then.';
const BROKEN = 'The encryption of this room is out of step.';
const CHANGED = 'The security key of somebody here has changed. Nothing is sent until you have looked at it.';
