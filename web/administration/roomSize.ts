import { graphql } from '../gql';
import type { RoomSizePartsFragment } from '../gql/graphql';

graphql(`
  fragment RoomSizeParts on RoomSize {
    roomId
    kind
    name
    createdAt
    memberCount
    messageCount
    retentionDays
    fileCount
    fileBytes
  }
`);

/** What to call a room whose name one may not know: the end of its id, as links to it have it. */
export const sizedName = ({ name, roomId }: Pick<RoomSizePartsFragment, 'name' | 'roomId'>) =>
  name ?? `Private room ${roomId.slice(-12)}`;
