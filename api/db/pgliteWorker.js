import { constants, cpSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';

const STARTUP = 0;
const startParams = [...PGlite.defaultStartParams, '-c', 'shared_buffers=16MB'];
let complaints = [];
const onStderr = (line) => void complaints?.push(line);
const database = await PGlite.create({ dataDir: workerData.folder, startParams, onStderr }).catch(explain);
complaints = undefined;

parentPort.on('message', ({ bytes, connection, copyTo }) => {
  if (bytes) answer(bytes, connection);
  else if (copyTo) copy(copyTo);
  else stop();
});
parentPort.postMessage({ ready: true });

function explain(error) {
  const reason = complaints.find((line) => /FATAL|PANIC/.test(line));
  throw reason ? new Error(reason.replace(/^.*?(FATAL|PANIC): */, '')) : error;
}

function answer(bytes, connection) {
  if (bytes[0] === STARTUP) forgetSession();
  const reply = database.execProtocolRawSync(bytes);
  parentPort.postMessage({ reply, connection }, [reply.buffer]);
}

// There is one session for the life of the worker: what a broken connection left open ends here.
function forgetSession() {
  for (const statement of ['ROLLBACK', 'DISCARD ALL']) database.execProtocolRawSync(simpleQuery(statement));
}

function simpleQuery(text) {
  const message = Buffer.alloc(text.length + 6);
  message.write('Q');
  message.writeInt32BE(text.length + 5, 1);
  message.write(text, 5);
  return message;
}

// Nothing else runs in this thread meanwhile, so no statement is half done in the copy.
function copy(folder) {
  try {
    cpSync(workerData.folder, folder, { recursive: true, mode: constants.COPYFILE_FICLONE });
    parentPort.postMessage({ copied: '' });
  } catch (error) {
    parentPort.postMessage({ copied: error.message });
  }
}

async function stop() {
  await database.close();
  parentPort.close();
}
