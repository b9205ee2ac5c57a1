import { shallowReactive } from 'vue';

export interface UploadState {
  phase: 'waiting' | 'sending' | 'ready' | 'refused';
  /** In bytes. */
  sent: number;
  /** Why it waits or was refused; empty otherwise. */
  sentence: string;
}

/** How far each file that is not sent has come, by its key. */
export const uploadStates = shallowReactive(new Map<string, UploadState>());

/** Images that this page has the bytes of, as addresses: by the key of what is not sent, by the id of what is. */
export const previews = shallowReactive(new Map<string, string>());

const MOST = 60;

/** Shows the bytes that are here for as long as they are needed. The oldest make room. */
export function keepPreview(name: string, address: string) {
  previews.set(name, address);
  const [oldest] = previews.keys();
  if (previews.size > MOST && oldest) dropPreview(oldest);
}

export function dropPreview(name: string) {
  const address = previews.get(name);
  previews.delete(name);
  if (address && ![...previews.values()].includes(address)) URL.revokeObjectURL(address);
}
