import { onScopeDispose } from 'vue';

const HELD = 450;
const STILL = 10;

/** Pointer listeners for an element: a finger that stays on it calls back. */
export function useLongPress(callback: () => void) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let from = { x: 0, y: 0 };

  function start(event: PointerEvent) {
    if (event.pointerType !== 'touch' || !event.isPrimary) return end();
    from = { x: event.clientX, y: event.clientY };
    timer = setTimeout(callback, HELD);
  }

  function move(event: PointerEvent) {
    if (Math.hypot(event.clientX - from.x, event.clientY - from.y) > STILL) end();
  }

  function end() {
    clearTimeout(timer);
  }

  onScopeDispose(end);
  return { start, move, end };
}
