import { onBeforeUnmount, onMounted, ref } from 'vue';

/** Files dragged over the page: the conversation takes them, and nowhere else does the browser open one in its place. */
export function useFileDrop(onFiles: (files: File[]) => void) {
  const over = ref(false);

  function onDrag(event: DragEvent) {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    over.value = isTaken(event);
    event.dataTransfer.dropEffect = over.value ? 'copy' : 'none';
  }

  // Left altogether: going from one element to the next leaves towards something.
  function onLeave({ relatedTarget }: DragEvent) {
    if (!relatedTarget) over.value = false;
  }

  function onDrop(event: DragEvent) {
    over.value = false;
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    if (files.length && isTaken(event)) onFiles(files);
  }

  const isTaken = ({ target }: DragEvent) =>
    target instanceof Element && Boolean(target.closest('.room')) && !document.querySelector('dialog[open]');

  const listeners = { dragenter: onDrag, dragover: onDrag, dragleave: onLeave, drop: onDrop };
  onMounted(() => {
    for (const [type, listen] of Object.entries(listeners)) document.addEventListener(type, listen as EventListener);
  });
  onBeforeUnmount(() => {
    for (const [type, listen] of Object.entries(listeners)) document.removeEventListener(type, listen as EventListener);
  });
  return over;
}
