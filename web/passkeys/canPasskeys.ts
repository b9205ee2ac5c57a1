/** Whether this browser can, on this page: passkeys want https or localhost, and a site whose name is no number. */
export const canPasskeys = () =>
  !!globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON && !/[\d\]]$/.test(location.hostname);
