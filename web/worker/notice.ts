/** What a page asks the service worker to show, and where a click on it leads. */
export interface Notice {
  title: string;
  options: { body: string; tag: string; icon: string; silent: boolean };
  path: string;
}
