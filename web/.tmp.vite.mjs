import { mods } from '/tmp/wb/mods.mjs';
import { mergeConfig } from 'vite';
import base from './vite.config.ts';
import { existsSync } from 'node:fs';
export default mergeConfig(base, { logLevel: 'warn', plugins: [{ name:'stub', enforce:'pre', resolveId(id){ if (id.endsWith('MessagePane.vue') && !existsSync('/work/main/web/messages/MessagePane.vue')) return '/tmp/wb/stub.vue' } },
mods(['web/index.html','auth/LogIn.vue']), mods(['web/index.html','rooms/RoomsLayout.vue','rooms/RoomPage.vue']) ],
 build: { outDir: '/tmp/wb/dist', reportCompressedSize: false } });
