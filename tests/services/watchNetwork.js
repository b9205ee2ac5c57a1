// Loaded before a server that is watched: writes down whom it looks up, and to whom it connects.
import dns from 'node:dns';
import { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

const tell = (what) => appendFileSync(process.env.NETWORK_SEEN, `${what}\n`);

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  const { host, port, path } = typeof options === 'object' ? options : { port: options, host: args[1] };
  // A path leads to a program of this machine.
  if (!path) tell(`connect ${host ?? 'localhost'}:${port}`);
  return connect.apply(this, args);
};

for (const resolver of [dns, dns.promises]) {
  for (const name of [
    'lookup',
    'resolve',
    'resolve4',
    'resolve6',
    'resolveAny',
    'resolveTxt',
    'resolveSrv',
    'reverse',
  ]) {
    const ask = resolver[name];
    resolver[name] = (asked, ...rest) => {
      if (!net.isIP(asked)) tell(`lookup ${asked}`);
      return ask.call(resolver, asked, ...rest);
    };
  }
}
syncBuiltinESMExports();
