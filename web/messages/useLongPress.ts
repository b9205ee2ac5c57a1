import { onScopeDispose } from 'vue';

const HELD = 450;
const STILL = 10;

/** Listeners for an element on which a finger that stays calls back. */
export function useLongPress(callback: () => void) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let from = { x: 0, y: 0 };

  function pointerdown(event: PointerEvent) {
    if (event.pointerType !== 'touch' || !event.isPrimary) return cancel();
    from = { x: event.clientX, y: event.clientY };
    timer = setTimeout(callback, HELD);
  }

  function pointermove(event: PointerEvent) {
    if (Math.hypot(event.clientX - from.x, event.clientY - from.y) > STILL) cancel();
  }

  function cancel() {
    clearTimeout(timer);
  }

  onScopeDispose(cancel);
  return { pointerdown, pointermove, pointerup: cancel, pointercancel: cancel };
}
