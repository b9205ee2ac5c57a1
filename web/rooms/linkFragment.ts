/** What stands behind the # of a link into a private room: no browser sends it to a server. */
export interface LinkFragment {
  /** What the server knows it by. */
  token: string;
  /** Of a link into an encrypted room: its id, and the secret that lets its holder into the group. */
  group?: { linkId: string; secret: string };
}

export const linkFragment = (token: string, linkId: string, secret: string) => [token, linkId, secret].join('.');

export function readFragment(hash: string): LinkFragment {
  const [token = '', linkId, secret] = hash.replace(/^#/, '').split('.');
  return linkId && secret ? { token, group: { linkId, secret } } : { token };
}
