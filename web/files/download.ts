import { inject } from 'vue';
import { errorSentence } from '../lib/errors';
import { refreshSession } from '../lib/session';
import { save } from '../ui/save';
import { notify } from '../ui/useNotice';
import type { ShownFile } from './fileWords';
import { fileUrlKey } from './useFileAddress';

const SENTENCES: Record<number, string> = {
  401: 'You are signed out. Sign in again to download it.',
  404: 'This file is no longer there.',
};

/** Gives what has the browser download a file of the room in which it is used. */
export function useDownload() {
  const fileUrl = inject(fileUrlKey, undefined);
  return (file: ShownFile) => download(file, fileUrl);
}

// First it is asked whether it may be had, for an answer in place of a file would be kept.
async function download(file: ShownFile, fileUrl?: (file: ShownFile) => Promise<string>) {
  const { url, name } = file;
  try {
    if (fileUrl) return save(await fileUrl(file), name);
    const { ok, status } = await askSignedIn(url);
    if (ok) save(url, name);
    else notify(SENTENCES[status] ?? 'The server is busy. Try again in a moment.');
  } catch (error) {
    notify(fileUrl ? errorSentence(error) : 'The server cannot be reached. Check the connection and try again.');
  }
}

async function askSignedIn(url: string): Promise<Response> {
  const ask = () => fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(20_000) });
  const response = await ask();
  return response.status === 401 && (await refreshSession()) === 'renewed' ? ask() : response;
}
