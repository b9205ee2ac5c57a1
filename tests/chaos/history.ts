/** An event of a room's log as a subscriber saw it. */
export interface Seen {
  seq: number;
  /** What it was: its type and what it is about. */
  what: string;
  /** When it arrived, in milliseconds. */
  at: number;
}

/** One subscription, from its start to its end. */
export interface Stream {
  /** Which one it is of its history. */
  index: number;
  /** Where in the history it begins. */
  from: number;
  after: number;
  /** Whether the cursor was one that this log gave: only another may be answered with Reset. */
  honest: boolean;
  ended: 'open' | 'complete' | 'broken' | string;
}

/** Everything that one subscriber ever got of one room, in the order of arrival. */
export class History {
  readonly streams: Stream[] = [];
  readonly seqs: number[] = [];
  readonly whats: string[] = [];
  readonly times: number[] = [];
  /** Where it came back last without what was said meanwhile: what it had before may be out of date. */
  knownFrom = 0;
  /** The wording of each message as the events leave it; null once deleted. */
  readonly texts = new Map<string, string | null>();

  constructor(
    readonly reader: string,
    readonly userId: string,
    readonly roomId: string,
    /** False for who reads slowly on purpose. */
    readonly prompt = true,
    /** False for who leaves before the end, on purpose. */
    readonly stays = true,
    /** True when a subscription goes on over the end of the membership, with the next joining. */
    readonly outlasts = false,
  ) {}

  get length(): number {
    return this.seqs.length;
  }

  get lastArrival(): number {
    return this.times.at(-1) ?? 0;
  }

  begin(after: number, honest = true): Stream {
    const stream: Stream = { index: this.streams.length, from: this.length, after, honest, ended: 'open' };
    this.streams.push(stream);
    return stream;
  }

  add(event: RoomEvent) {
    const missed = event.seq > (this.seqs.at(-1) ?? event.seq) + 1;
    if (missed && this.outlasts && whatOf(event) === `MemberJoined ${this.userId}`) this.knownFrom = event.seq;
    this.seqs.push(event.seq);
    this.whats.push(interned(whatOf(event)));
    this.times.push(Date.now());
    if (event.message) this.texts.set(interned(event.message.id), wording(event.message));
  }

  /** What came a second or more after its subscription had begun to give something: none of the backlog. */
  *live(): Generator<Seen> {
    for (const stream of this.streams) {
      const start = (this.times[stream.from] ?? 0) + 1_000;
      for (const seen of this.eventsOf(stream)) if (seen.at > start && seen.what !== 'Reset') yield seen;
    }
  }

  /** Where it is, for people who ask why it is late. */
  describe(): string {
    const last = this.streams.slice(-3).map(({ after, ended }) => `${after} ${ended}`);
    return `${this.reader} at ${this.seqs.at(-1)} of ${this.roomId}, last subscriptions after ${last.join(', ')}`;
  }

  /** The events of one of its streams. */
  *eventsOf(stream: Stream): Generator<Seen> {
    const next = this.streams[stream.index + 1];
    for (let i = stream.from; i < (next?.from ?? this.length); i++) {
      yield { seq: this.seqs[i] as number, what: this.whats[i] as string, at: this.times[i] as number };
    }
  }
}

/** What ROOM_LOG and VIEWER_LOG ask for. */
export interface RoomEvent {
  __typename: string;
  roomId: string;
  seq: number;
  epoch?: string;
  user?: { id: string } | null;
  message?: Message | null;
}

interface Message {
  id: string;
  body: string | null;
  deletedAt: string | null;
}

const EVENT = `
  __typename roomId seq
  ... on Reset { epoch }
  ... on MemberJoined { user { id } }
  ... on MemberLeft { user { id } }
  ... on MemberRemoved { user { id } }
  ... on RoleChanged { user { id } }
  ... on MessageSent { message { id body deletedAt } }
  ... on MessageEdited { message { id body deletedAt } }
  ... on MessageDeleted { message { id body deletedAt } }`;

/** The subscription to one room. */
export const ROOM_LOG = `subscription ($roomId: ID!, $after: Int, $epoch: ID) {
  roomLog(roomId: $roomId, after: $after, epoch: $epoch) {${EVENT}
  }
}`;

/** The subscription to whatever rooms one is in. */
export const VIEWER_LOG = `subscription ($after: [RoomPosition!], $epoch: ID) {
  viewerLog(after: $after, epoch: $epoch) {${EVENT}
  }
}`;

const whatOf = ({ __typename, message, user }: RoomEvent) => `${__typename} ${message?.id ?? user?.id ?? ''}`.trim();

const wording = ({ body, deletedAt }: Message) => (deletedAt || body === null ? null : interned(body));

// A hundred readers see the same entry: its description is kept once.
const texts = new Map<string, string>();
function interned(text: string): string {
  const known = texts.get(text);
  if (known !== undefined) return known;
  texts.set(text, text);
  return text;
}
