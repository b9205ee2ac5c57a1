import type { Ref } from 'vue';

/** Arrow keys between the buttons of a grid, whose sections follow each other; Home and End to its ends. */
export function useGridKeys(grid: Readonly<Ref<HTMLElement | null>>, columns: number) {
  const cells = () => [...(grid.value?.querySelectorAll<HTMLElement>('button') ?? [])];

  function onKeydown(event: KeyboardEvent) {
    const all = cells();
    const at = all.indexOf(event.target as HTMLElement);
    const by = at < 0 ? undefined : stepOf(event, at, all.length);
    if (by === undefined) return;
    event.preventDefault();
    all[Math.max(0, Math.min(all.length - 1, at + by))]?.focus();
  }

  function stepOf({ key, target }: KeyboardEvent, at: number, count: number) {
    const forward = getComputedStyle(target as Element).direction === 'rtl' ? -1 : 1;
    if (key === 'ArrowRight') return forward;
    if (key === 'ArrowLeft') return -forward;
    if (key === 'ArrowDown') return columns;
    if (key === 'ArrowUp') return -columns;
    if (key === 'Home') return -at;
    return key === 'End' ? count - 1 - at : undefined;
  }

  return { onKeydown, focusFirst: () => cells()[0]?.focus() };
}
