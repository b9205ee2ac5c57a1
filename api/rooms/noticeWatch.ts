import type { Core } from '../core.ts';
import { Notices } from '../realtime/notices.ts';
import type { RoomReader } from '../realtime/roomReader.ts';

/** That a member may hear what is told of a room at most once, for as long as the reader of the room’s log goes on. */
export class NoticeWatch<Notice> implements AsyncIterable<Notice> {
  constructor(
    private readonly core: Core,
    private readonly topic: string,
    readonly reader: RoomReader,
    private readonly keyOf: (notice: Notice) => string,
  ) {}

  /** Where the notices come from. */
  listen(onNotice: (notice: unknown) => void): Promise<() => void> {
    return this.core.bus.listen(this.topic, onNotice);
  }

  [Symbol.asyncIterator](): Notices<Notice> {
    const notices = new Notices(this.keyOf);
    void this.tell(notices);
    return notices;
  }

  /** The notices for one who hears them alone; resolves once they are heard. */
  async open(): Promise<Notices<Notice>> {
    const notices = new Notices(this.keyOf);
    await this.tell(notices);
    return notices;
  }

  private async tell(notices: Notices<Notice>): Promise<void> {
    const deafen = await this.listen((notice) => notices.offer(notice as Notice));
    notices.stopWith(() => {
      deafen();
      void this.reader.return();
    });
    void this.endWith(notices);
  }

  // Whoever is no longer a member hears nothing more: the room's log says when that is.
  private async endWith(notices: Notices<Notice>): Promise<void> {
    await this.reader.untilOver().catch((error) => this.core.log.warn('notices.reader_failed', { error }));
    await notices.return();
  }
}
