import { graphql } from '../gql';
import { type ErrorCode, errorCode, isRefusal, refusal } from '../lib/errors';
import { delayAfter, pause } from '../lib/retry';
import { refreshSession } from '../lib/session';
import { act } from '../request';
import { BodyTooLarge, type Progress, type UploadServer } from './upload';

const createUpload = graphql(`
  mutation CreateUpload($input: CreateUploadInput!) {
    createUpload(input: $input) { id }
  }
`);

const cancelUpload = graphql(`
  mutation CancelUpload($id: ID!) {
    cancelUpload(id: $id)
  }
`);

// The server gives a request 30 s.
const PATIENCE = 25_000;
const MOST_TRIES = 5;

/** The server of this page: GraphQL makes room, HEAD and PATCH of /files/ID ask and send. */
export const uploadServer: UploadServer = {
  create: async (roomId, { name, size }, sha256) => {
    const answer = await act(createUpload, { input: { roomId, name, size, sha256 } });
    return answer.createUpload.id;
  },
  ask: (id, signal) => signedIn(() => askHead(id, signal)),
  put: (id, offset, piece, onSent, signal) => signedIn(() => sendPiece(id, offset, piece, onSent, signal)),
};

/** Removes what was not sent from the server, which is asked a few times. What it never hears of it removes within a day. */
export async function cancel(id: string) {
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    try {
      return void (await act(cancelUpload, { id }));
    } catch (error) {
      if (isRefusal(error)) return;
      await pause(delayAfter(error, tries));
    }
  }
}

async function signedIn<Answer>(send: () => Promise<Answer>): Promise<Answer> {
  try {
    return await send();
  } catch (error) {
    if (errorCode(error) !== 'UNAUTHENTICATED' || (await refreshSession()) !== 'renewed') throw error;
    return send();
  }
}

async function askHead(id: string, signal: AbortSignal): Promise<Progress | 'sent'> {
  const patience = AbortSignal.timeout(PATIENCE);
  const response = await fetch(`/files/${id}`, { method: 'HEAD', signal: AbortSignal.any([signal, patience]) });
  if (!response.ok) throw refused(response.status, '');
  return response.headers.has('upload-offset') ? progressOf((name) => response.headers.get(name)) : 'sent';
}

/** By XMLHttpRequest, because only that tells how much has left. */
function sendPiece(
  id: string,
  offset: number,
  piece: ArrayBuffer,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Progress> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PATCH', `/files/${id}`);
    request.setRequestHeader('content-type', 'application/offset+octet-stream');
    request.setRequestHeader('upload-offset', String(offset));
    request.timeout = PATIENCE;
    request.upload.onprogress = ({ loaded }) => onSent(loaded);
    request.onload = () => {
      if (request.status === 204) resolve(progressOf((name) => request.getResponseHeader(name)));
      else reject(refused(request.status, request.responseText));
    };
    request.onerror = request.ontimeout = request.onabort = () => reject(new Error('No answer'));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(piece);
  });
}

const progressOf = (header: (name: string) => string | null): Progress => ({
  offset: Number(header('upload-offset')),
  length: Number(header('upload-length')),
});

const CODES: Record<number, ErrorCode> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
};

/** As GraphQL errors are; an answer that is not of our server is no refusal. */
function refused(status: number, text: string): unknown {
  if (status === 413) return new BodyTooLarge();
  try {
    return JSON.parse(text).errors;
  } catch {
    return refusal(CODES[status] ?? 'UNAVAILABLE', 'The server has not taken it.');
  }
}
