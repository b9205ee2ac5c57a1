interface Calling {
  mentions: readonly { id: string }[];
  mentionsRoom: boolean;
}

/** Whether a message of another is for the person: it names them, or calls everyone. */
export const callsFor = ({ mentions, mentionsRoom }: Calling, personId: string | undefined) =>
  mentionsRoom || mentions.some(({ id }) => id === personId);
