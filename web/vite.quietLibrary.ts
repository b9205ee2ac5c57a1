import type { Plugin } from 'vite';

const library = /\/node_modules\/ts-mls\//;
const thrown = /\bnew (\w+Error)\((?:"[^"]*"|`[^`]*`)\)/g;

/**
 * Leaves the library's sentences out of its errors: nobody is shown them, because the engine says its own, and the kind
 * of an error stays in its name. They would be a kilobyte of what every browser of an encrypted room loads.
 */
export function quietLibrary(): Plugin {
  return {
    name: 'quietLibrary',
    apply: 'build',
    transform: (code, id) => (library.test(id) ? { code: code.replace(thrown, 'new $1()'), map: null } : undefined),
  };
}
