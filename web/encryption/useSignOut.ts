import { useViewer } from '../auth/useViewer';
import { useRoomDialog } from '../rooms/useRoomDialog';
import { hasEncrypted } from './pinnedRooms';

/** Signs out; where that takes away what cannot be read again, it is said before. */
export async function signOut() {
  if (hasEncrypted()) useRoomDialog().value = 'signOut';
  else await useViewer().logOut();
}
