import type { Plugin } from 'vite';

const libraries = /\/node_modules\/(?:ts-mls|@noble\/hashes)\//;
const thrown = /\b(new \w*Error|super)\((?:\w+\(\w+\) \+ )?(?:"[^"]*"|'[^']*'|`[^`]*`)(?: \+ [\w ]+)?\)/g;

/**
 * Leaves the sentences of the libraries out of their errors: nobody is shown them, because the engine says its own, and the
 * kind of an error stays in its name. They would be a kilobyte of what every browser of an encrypted room loads.
 */
export function quietLibrary(): Plugin {
  return {
    name: 'quietLibrary',
    apply: 'build',
    transform: (code, id) => (libraries.test(id) ? { code: code.replace(thrown, '$1()'), map: null } : undefined),
  };
}
