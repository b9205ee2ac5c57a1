import { refusal } from '../lib/errors';

const SAID: Record<string, string> = {
  NotAllowedError: 'The camera was not allowed. Allow it for this site in your browser, or take a picture of the code.',
  NotFoundError: 'No camera was found. Compare the numbers, or choose a picture of the code.',
  NotReadableError: 'Something else uses the camera. Close that and try again, or choose a picture of the code.',
};
const NEEDS_HTTPS = 'Browsers give the camera to pages over https alone. Compare the numbers instead.';

/** The camera, the one behind where there are two, until the signal. Who is refused it is told what else to do. */
export async function openCamera(signal: AbortSignal): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw refusal('FORBIDDEN', NEEDS_HTTPS);
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } }).catch(explain);
  const stop = () => {
    for (const track of stream.getTracks()) track.stop();
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop);
  return stream;
}

function explain({ name }: DOMException): never {
  throw refusal('FORBIDDEN', SAID[name] ?? 'The camera could not be opened. Compare the numbers instead.');
}
