// vue-tsc drives TypeScript's compiler API, which version 7 does not have: it runs on version 6.
process.argv.push('--project', `${__dirname}/tsconfig.json`);
require('vue-tsc').run(require.resolve('typescript6/lib/tsc'));
