/** What the server pushes: where something is new, and how much waits for the person in all rooms. */
export interface Pushed {
  room: string;
  seq: number;
  waiting: number;
}

/** What a page asks the service worker to show, and where a click on it leads. */
export interface Notice {
  title: string;
  options: { body: string; tag: string; icon: string; silent: boolean };
  path: string;
}
