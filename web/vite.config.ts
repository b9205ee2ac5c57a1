import { resolve } from 'node:path';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';
import { documents } from './vite.documents.ts';
import { emojis } from './vite.emoji.ts';
import { finish } from './vite.finish.ts';
import { lineIcons } from './vite.icons.ts';
import { quietLibrary } from './vite.quietLibrary.ts';
import { reference } from './vite.reference.ts';

const root = import.meta.dirname;

/** What every page needs, in one file: it is smaller so than in ten. */
const base = [
  /node_modules\/(@vue|vue-router|@urql|wonka)\//,
  /~icons\/lucide\/users$/,
  /\/web\/(App|styles|request|routes|documentText|lib\/(client|session|errors)|auth\/(use|as|Unreachable)|passkeys\/can)/,
  /\/web\/ui\/(Button|IconButton|Field|Fault|Wordmark|icon\.|stored|useSubmit|useTheme|useTitle|(use)?Notice|vFocusFirst)/,
];

/** What all doors are made of, and what every page behind them needs: each in one file, for the same reason. */
const door = /\/web\/auth\/(Server)?Door\./;
const inside = [
  /\/web\/lib\//,
  /\/web\/rooms\/(room(Queries|Text|Link|After)|unreadCounts|keptRooms|use(Rooms|RoomDialog|Unread)\.)/,
  /\/web\/ui\/(useNarrow|Dialog|useModal|PaneHead|copyText|save|Avatar)/,
  /\/web\/encryption\/(useCrypto|pinnedRooms|asDecrypted|useDecryptedRooms|encryptedRoom|plainConsent)\./,
  /\/web\/messages\/(roomSource|plainRoom|messageDocuments|OfflineStrip)/,
  /~icons\/lucide\/(lock|hash|user|ellipsis|wifi-off|plus|reply|smile-plus)$/,
  /\/web\/(files\/uploadStates|presence\/usePresence|search\/useSearchPanel|users\/usePersonCard)/,
  /\/web\/(settings\/useShown|notifications\/useNotifications|updates\/useUpdate|worker\/notes)/,
  /~icons\/lucide\/search$/,
  /\/web\/messages\/(authorName|plainWords|message(Text|Inlines|Links))\./,
];
const oneOf = (paths: RegExp[]) => (id: string) => paths.some((path) => path.test(id));

/** What is asked for together with a page: only for a room, because the list of the others weighs on the door. */
const preloaded = (page: string, parts: string[]) =>
  /Room(Page|sLayout)-/.test(page) ? parts.filter((part) => !/\/(base|index)-/.test(part)) : [];

/** The Worker of encrypted rooms has a name by which server and service worker know it; GraphiQL has others. */
const workerName = ({ facadeModuleId }: { facadeModuleId?: string | null }) =>
  `assets/${facadeModuleId?.includes('/web/crypto/') ? 'crypto' : '[name]'}-[hash].js`;

export default defineConfig({
  root,
  plugins: [
    // Long runs of static markup would otherwise be written as HTML, which Trusted Types forbid.
    vue({ template: { compilerOptions: { hoistStatic: false } } }),
    documents(),
    emojis(),
    reference(),
    lineIcons(),
    finish(),
  ],
  resolve: { alias: [{ find: /^@0no-co\/graphql\.web$/, replacement: resolve(root, 'documentText.ts') }] },
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
    // Vue would ask for a policy that lets any string become HTML. Nothing here needs one, and the CSP allows none.
    'window.trustedTypes': 'undefined',
  },
  worker: {
    format: 'es',
    plugins: () => [quietLibrary()],
    rolldownOptions: { output: { entryFileNames: workerName, comments: { annotation: false } } },
  },
  build: {
    outDir: resolve(root, '../dist/web'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false, resolveDependencies: preloaded },
    chunkSizeWarningLimit: 3000,
    rolldownOptions: {
      checks: { moduleLevelDirective: false },
      input: {
        index: resolve(root, 'index.html'),
        graphiql: resolve(root, 'graphiql.html'),
        docs: resolve(root, 'docs.html'),
      },
      output: {
        codeSplitting: {
          groups: [
            { name: 'base', test: oneOf(base) },
            { name: 'door', test: door },
            { name: 'inside', test: oneOf(inside) },
          ],
        },
      },
    },
  },
});
