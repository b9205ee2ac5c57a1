/*
 * Opens the page without a network, and shows notices of the system, also while no page is open. It keeps the files of one build and nothing else:
 * no answer of the server, nothing of a person. A new build waits until somebody asks for it, also when this worker, which came with it, is
 * already the one that runs: the page decides which build is used.
 */
import { builds, cacheOf, hashOf, MANIFEST, SIGNATURE } from './builds';
import { note, noted } from './notes';
import type { Notice, Pushed } from './notice';

declare const self: ServiceWorkerGlobalScope;
/** The build, and the SHA-256 of each of its files; put in by vite.worker.ts. */
declare const BUILD: string;
declare const FILES: Record<string, string>;

const PAGES = /^\/(?:$|r\/|admin(?:\/|$)|(?:login|register|invite|recover|reset|setup|settings|waiting|join)$)/;

self.addEventListener('install', (event) => event.waitUntil(fill()));
self.addEventListener('activate', (event) => event.waitUntil(tidy()));
self.addEventListener('message', (event) => event.waitUntil(obey(event.data)));
self.addEventListener('push', (event) => event.waitUntil(tell(event.data?.json())));
self.addEventListener('notificationclick', (event) => event.waitUntil(open(event.notification)));

self.addEventListener('fetch', (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== 'GET' || origin !== self.location.origin) return;
  if (mode === 'navigate' && PAGES.test(pathname)) event.respondWith(page(event.request));
  else if (pathname.startsWith('/assets/')) event.respondWith(asset(event.request));
});

async function fill() {
  const cache = await caches.open(cacheOf(BUILD));
  await Promise.all(Object.entries(FILES).map(([file, hash]) => keep(cache, file, hash)));
  await keepPapers(cache);
  await note('installed', BUILD);
}

// The name of a file below /assets/ tells its content: what an earlier build had need not be fetched again, if it is that.
async function keep(cache: Cache, file: string, hash: string) {
  const held = file.startsWith('/assets/') ? await caches.match(file) : undefined;
  const response = held && (await hasHash(held, hash)) ? held : await fetch(file, { cache: 'reload' });
  if (!(await hasHash(response, hash))) throw new Error(`${file} is not the one of this build`);
  await cache.put(file, response);
}

const hasHash = async (response: Response, hash: string) =>
  response.ok && (await hashOf(await response.clone().arrayBuffer())) === hash;

// For the page to show, and to know by which key the next build has to be signed.
async function keepPapers(cache: Cache) {
  const [manifest, signature] = await Promise.all(
    [MANIFEST, SIGNATURE].map((file) => fetch(file, { cache: 'reload' })),
  );
  if (!manifest?.ok || (await manifest.clone().json()).build !== BUILD)
    throw new Error('The manifest is of another build');
  await cache.put(MANIFEST, manifest);
  if (signature?.ok) await cache.put(SIGNATURE, signature);
}

// The last two besides stay: a page that is still open may ask for the rest of its files.
async function tidy() {
  const chosen = (await noted('chosen')) ?? BUILD;
  await note('chosen', chosen);
  const others = (await builds()).filter((name) => ![cacheOf(BUILD), cacheOf(chosen)].includes(name));
  await Promise.all(others.slice(0, -2).map((name) => caches.delete(name)));
}

async function page(request: Request) {
  const chosen = (await noted('chosen')) ?? BUILD;
  return (await kept('/', chosen)) ?? (await kept('/', BUILD)) ?? fetch(request);
}

// From the build in use first: one that was not wanted may call its files the same.
async function asset(request: Request) {
  const chosen = (await noted('chosen')) ?? BUILD;
  return (await kept(request, chosen)) ?? (await caches.match(request)) ?? fetch(request);
}

const kept = (file: RequestInfo, build: string) => caches.match(file, { cacheName: cacheOf(build) });

async function obey(order: 'take over' | Notice) {
  if (order === 'take over') return self.skipWaiting();
  if (!(await isSeen())) await self.registration.showNotification(order.title, { ...order.options, data: order.path });
}

// Who wrote and what is not in it: the page shows that to whoever is signed in.
async function tell({ room, waiting }: Pushed) {
  await self.navigator.setAppBadge?.(waiting);
  if (await isSeen()) return;
  const options = { body: 'Open shh to read it.', tag: room, icon: '/icon-192.png', data: `/r/${room}` };
  await self.registration.showNotification('New message in a room', options);
}

/** Whether somebody looks at a page of ours: they see by themselves what is new. */
async function isSeen() {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  return pages.some((client) => client.focused);
}

async function open(notification: Notification) {
  notification.close();
  const [client] = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (!client) return void self.clients.openWindow(notification.data);
  client.postMessage({ open: notification.data });
  await client.focus();
}
