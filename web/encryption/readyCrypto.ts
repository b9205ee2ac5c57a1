/** What this page knows of encrypted rooms, ready to write. Rejects with what to do where it is not. */
export const readyCrypto = async () => (await import('./start')).readyCrypto();
