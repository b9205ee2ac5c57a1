import { computed, ref } from 'vue';
import { useHush } from '../hush/useHush';
import { stored } from '../ui/stored';
import type { Notice } from '../worker/notice';

/** What a notice says: nothing is shown, who wrote and where, or what they wrote too. */
export type Telling = 'nothing' | 'names' | 'text';

const KEY = 'notifications';
const { hushed } = useHush();
const supported = 'Notification' in globalThis && 'serviceWorker' in navigator;
const permission = ref<NotificationPermission>(supported ? Notification.permission : 'denied');
const kept = stored.get(KEY);
const wish = ref<Telling>(kept === 'names' || kept === 'text' ? kept : 'nothing');
const telling = computed(() => (permission.value === 'granted' ? wish.value : 'nothing'));

if (supported) void followPermission();

// What the browser's settings for this page say now: they may be changed there, and some browsers say it only so.
async function followPermission() {
  const status = await navigator.permissions?.query({ name: 'notifications' }).catch(() => undefined);
  if (!status) return;
  const learn = () => {
    permission.value = status.state === 'prompt' ? 'default' : status.state;
  };
  status.addEventListener('change', learn);
  learn();
}

/** Asks the browser for leave where it has not given it. Call it only when the person has just asked for notices. */
async function choose(wanted: Telling) {
  if (wanted !== 'nothing') await permit();
  wish.value = permission.value === 'granted' ? wanted : 'nothing';
  stored.set(KEY, wish.value === 'nothing' ? null : wish.value);
}

/** Whether the browser lets this page show notices: it is asked if it has not said. */
async function permit(): Promise<boolean> {
  if (permission.value !== 'granted' && supported) permission.value = await Notification.requestPermission();
  return permission.value === 'granted';
}

export interface News {
  roomId: string;
  roomName: string;
  sender: string;
  direct: boolean;
  text: string;
}

/** Shows a notice of the system, unless nothing is wanted, it is hushed, or somebody looks at a page of ours. */
async function show(news: News) {
  if (telling.value === 'nothing' || hushed.value || document.hasFocus()) return;
  const notice: Notice = {
    title: news.direct ? news.sender : `${news.sender} in ${news.roomName}`,
    options: {
      body: telling.value === 'text' ? news.text.slice(0, 240) : 'New message',
      tag: news.roomId,
      icon: '/icon-192.png',
      silent: false,
    },
    path: `/r/${news.roomId}`,
  };
  (await navigator.serviceWorker.getRegistration())?.active?.postMessage(notice);
}

/** Notices of the system, while a page of this server is open. Kept by this browser. */
export function useNotifications() {
  return { supported, permission, telling, choose, permit, show };
}
