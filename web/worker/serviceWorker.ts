/*
 * Opens the page without a network, and shows notices of the system, also while no page is open. It keeps the files of one build and nothing else:
 * no answer of the server, nothing of a person. A new build waits until somebody asks for it.
 */
import type { Notice, Pushed } from './notice';

declare const self: ServiceWorkerGlobalScope;
/** The build, and its files; put in by vite.worker.ts. */
declare const BUILD: string;
declare const FILES: string[];

const SHELL = 'shell ';
const NAME = SHELL + BUILD;
const PAGES = /^\/(?:$|r\/|(?:login|register|invite|setup|settings|waiting)$)/;

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
  const cache = await caches.open(NAME);
  await Promise.all(FILES.map((file) => keep(cache, file)));
}

// The name of a file below /assets/ tells its content: what an earlier build had need not be fetched again.
async function keep(cache: Cache, file: string) {
  const held = file.startsWith('/assets/') ? await caches.match(file) : undefined;
  const response = held ?? (await fetch(file, { cache: 'reload' }));
  if (!response.ok) throw new Error(`${file} is not to be had`);
  await cache.put(file, response);
}

// The build before stays: a page that is still open with it may ask for the rest of its files.
async function tidy() {
  const builds = (await caches.keys()).filter((name) => name.startsWith(SHELL) && name !== NAME);
  await Promise.all(builds.slice(0, -1).map((name) => caches.delete(name)));
}

async function page(request: Request) {
  const cache = await caches.open(NAME);
  return (await cache.match('/')) ?? fetch(request);
}

const asset = async (request: Request) => (await caches.match(request)) ?? fetch(request);

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
