// Loaded into every node before the server. The parent, over IPC, moves this process's clock or says where it dies.
import pg from 'pg';

const Real = Date;
let shift = 0;
const now = () => Real.now() + shift;
globalThis.Date = new Proxy(Real, {
  construct: (_, given, target) => Reflect.construct(Real, given.length > 0 ? given : [now()], target),
  apply: () => new Real(now()).toString(),
  get: (_, key) => (key === 'now' ? now : Reflect.get(Real, key)),
});

const APPEND = /INSERT INTO entry/;
let deadly = null;
const die = () => process.kill(process.pid, 'SIGKILL');

// While PostgreSQL has the statement: nobody here knows whether it will be committed.
const { query } = pg.Client.prototype;
pg.Client.prototype.query = function (...given) {
  const answer = query.apply(this, given);
  if (deadly === 'in mid-statement' && APPEND.test(given[0]?.text ?? given[0])) setImmediate(die);
  return answer;
};

// Committed, and nobody was told: before whoever asked for the append goes on.
const { query: ask } = pg.Pool.prototype;
pg.Pool.prototype.query = function (...given) {
  const answer = ask.apply(this, given);
  if (APPEND.test(given[0]?.text ?? given[0]))
    answer?.then(
      () => deadly === 'between commit and ring' && die(),
      () => {},
    );
  return answer;
};

process.on('message', (order) => {
  if ('shift' in order) shift = order.shift;
  if ('die' in order) deadly = order.die;
});
process.on('disconnect', die);
process.channel.unref();
