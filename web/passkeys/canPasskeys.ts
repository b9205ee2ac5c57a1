/** Whether this browser can, on this page: passkeys want https or localhost, and a site with a name. */
export const canPasskeys = () =>
  typeof globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON === 'function' &&
  !/^[\d.]+$|^\[/.test(location.hostname);
