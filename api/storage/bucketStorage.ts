import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ReadableStream } from 'node:stream/web';
import { AwsClient } from 'aws4fetch';
import { AppError } from '../errors.ts';
import type { Storage } from './storage.ts';

export interface Bucket {
  /** With the name of the bucket in its path: https://s3.example.org/files */
  address: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** A bucket of anything that speaks S3. */
export function bucketStorage({ address, region, accessKeyId, secretAccessKey }: Bucket): Storage {
  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 3 });
  const ask = async (method: string, key: string, rest: RequestInit = {}) => {
    const answer = await client.fetch(`${address}/${key}`, { method, ...rest }).catch(away);
    if (answer.ok || answer.status === 404) return answer;
    await answer.body?.cancel();
    throw away(new Error(`${method} was answered with ${answer.status}`));
  };
  return {
    // What is signed has a length, so a stream is read first; files are small enough for that.
    put: async (key, bytes) => {
      const body = Buffer.isBuffer(bytes) ? bytes : await buffer(bytes);
      const answer = await ask('PUT', key, { body: new Uint8Array(body) });
      await answer.body?.cancel();
      if (!answer.ok) throw away(new Error('there is no such bucket'));
    },
    get: async (key, range) => {
      const headers: Record<string, string> = range ? { range: `bytes=${range.start}-${range.end}` } : {};
      const answer = await ask('GET', key, { headers });
      if (answer.ok && answer.body) return Readable.fromWeb(answer.body as ReadableStream);
      await answer.body?.cancel();
      return null;
    },
    remove: async (keys) => {
      for (const key of keys) await (await ask('DELETE', key)).body?.cancel();
    },
  };
}

function away(cause: Error): never {
  throw Object.assign(new AppError('UNAVAILABLE', 'The files cannot be reached now. Try again in a moment.'), {
    cause,
  });
}
