/** What this page knows of encrypted rooms, ready to write. Rejects with what to do where it is not. */
export const readyCrypto = async () => (await import('./start')).readyCrypto();

/** Whether a new conversation is to be encrypted. Rejects where it is to be, and cannot be now. */
export const encryptsNew = async () => (await import('./start')).encryptsNew();
