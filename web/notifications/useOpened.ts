import { useRouter } from 'vue-router';

/** Goes where a notice of the system leads, once it was clicked. */
export function useOpened() {
  const router = useRouter();
  navigator.serviceWorker?.addEventListener('message', ({ data }) => {
    if (typeof data?.open === 'string') void router.push(data.open);
  });
}
