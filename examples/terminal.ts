// The first of one's rooms in a terminal: what happens in it is printed, each line that is typed is sent.
//
//   npx tsx examples/terminal.ts http://127.0.0.1:8000 alice "her password"
import { createInterface } from 'node:readline';
import { connect } from './front-end.ts';

const [url = 'http://127.0.0.1:8000', username = '', password = ''] = process.argv.slice(2);
const { listRooms, follow, send } = await connect(url, username, password);
const [room] = await listRooms();
if (!room) throw new Error('You are in no room.');
createInterface({ input: process.stdin }).on('line', (line) => {
  send(room.id, line).catch((refusal) => console.error(refusal.message));
});
await follow(room, ({ seq, __typename: kind, message }) => {
  console.log(seq, kind, message ? `${message.author?.displayName}: ${message.body}` : '');
});
