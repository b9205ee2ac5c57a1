import { onBeforeUnmount, onBeforeUpdate, onMounted, onUpdated, type Ref, ref } from 'vue';

export interface ScrollOptions {
  scroller: Readonly<Ref<HTMLElement | null>>;
  content: Readonly<Ref<HTMLElement | null>>;
  /** Whether the end of the content is the end of the room. */
  atEnd: () => boolean;
  onNearTop: () => void;
  onNearEnd: () => void;
  /** What is in view may have changed. */
  onMoved: () => void;
}

/** Where a reader was: this message's lower edge stood so many pixels below the top of the view. */
export interface Place {
  key: string;
  offset: number;
}

const NEAR = 1_000;
const TOUCHING = 2;

/**
 * Where the reader is in the list. Pinned: at the end of the room, and kept there whatever grows. Otherwise the message
 * at the top of the view stays where it is, whatever is put before it or taken away. Call inside the list's setup.
 */
export function useMessageScroll({ scroller, content, atEnd, onNearTop, onNearEnd, onMoved }: ScrollOptions) {
  const pinned = ref(true);
  const far = ref(false);
  const anchorsItself = typeof CSS !== 'undefined' && CSS.supports('overflow-anchor', 'auto');
  /** What stays where it is, and where that is: not where it came to stand, which is rounded to whole pixels. */
  let anchor: { element: Element; offset: number } | undefined;
  let lastTop = 0;
  let observer: ResizeObserver | undefined;

  onMounted(() => {
    observer = new ResizeObserver(onResize);
    for (const element of [scroller.value, content.value]) if (element) observer.observe(element);
    scroller.value?.addEventListener('scroll', onScroll, { passive: true });
    settle();
  });
  onBeforeUnmount(() => {
    observer?.disconnect();
    scroller.value?.removeEventListener('scroll', onScroll);
  });
  onBeforeUpdate(noteAnchor);
  onUpdated(settle);

  function onScroll() {
    const box = scroller.value as HTMLElement;
    if (isTouchingEnd(box)) pinned.value = true;
    else if (box.scrollTop < lastTop) pinned.value = false;
    if (box.scrollTop !== lastTop) anchor = undefined;
    lastTop = box.scrollTop;
    if (!anchorsItself) noteAnchor();
    look();
  }

  function onResize() {
    if (pinned.value || !anchorsItself) settle();
    else look();
  }

  /** After a change, in the same frame: back to the end, or to the anchor. */
  function settle() {
    const box = scroller.value;
    if (!box) return;
    if (pinned.value && !atEnd()) pinned.value = false;
    if (pinned.value) box.scrollTop = box.scrollHeight;
    else if (anchor?.element.isConnected) box.scrollTop += offsetOf(anchor.element) - anchor.offset;
    lastTop = box.scrollTop;
    if (!anchorsItself) noteAnchor();
    look();
  }

  function look() {
    const box = scroller.value as HTMLElement;
    const below = box.scrollHeight - box.clientHeight - box.scrollTop;
    far.value = below > box.clientHeight * 2;
    if (box.scrollTop < NEAR) onNearTop();
    if (below < NEAR && !atEnd()) onNearEnd();
    onMoved();
  }

  function noteAnchor() {
    const moved = scroller.value?.scrollTop !== lastTop;
    if (!pinned.value && !moved && anchor?.element.isConnected) return;
    const element = pinned.value ? undefined : firstInView();
    anchor = element && { element, offset: offsetOf(element) };
  }

  /** The first child whose bottom is below the top of the view; not a day's line, which moves up with older pages. */
  function firstInView(): Element | undefined {
    const children = content.value?.children ?? [];
    let at = indexBelow(topOfView());
    while (children[at]?.matches('.day')) at += 1;
    return children[at];
  }

  /** The key of the last row that is wholly in view, or above it. */
  function lastInView(): string | undefined {
    const children = content.value?.children ?? [];
    const end = topOfView() + (scroller.value?.clientHeight ?? 0);
    let at = indexBelow(end + 1) - 1;
    while (at >= 0 && !(children[at] as HTMLElement).dataset.key) at -= 1;
    return (children[at] as HTMLElement | undefined)?.dataset.key;
  }

  /** The index of the first child whose bottom is below a line, by halves. */
  function indexBelow(line: number): number {
    const children = content.value?.children ?? [];
    let low = 0;
    let high = children.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (bottomOf(children[middle] as Element) <= line) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function isTouchingEnd(box: HTMLElement) {
    return atEnd() && box.scrollHeight - box.clientHeight - box.scrollTop <= TOUCHING;
  }

  /** To the end of the room, and stays there. */
  function toEnd() {
    pinned.value = true;
    settle();
  }

  /** Where the reader is; undefined at the end of the room. */
  function place(): Place | undefined {
    let row = pinned.value ? undefined : firstInView();
    while (row && !(row as HTMLElement).dataset.key) row = row.nextElementSibling ?? undefined;
    return row && { key: (row as HTMLElement).dataset.key as string, offset: offsetOf(row) };
  }

  /** Puts a row where it was, or a third below the top of the view. */
  function goTo(row: Element, offset = ((scroller.value?.clientHeight ?? 0) + row.clientHeight * 2) / 3) {
    const box = scroller.value as HTMLElement;
    pinned.value = false;
    box.scrollTop += offsetOf(row) - offset;
    lastTop = box.scrollTop;
    if (isTouchingEnd(box)) pinned.value = true;
    anchor = { element: row, offset };
    look();
  }

  function isInView(row: Element) {
    const { top, bottom } = row.getBoundingClientRect();
    return top >= topOfView() && bottom <= topOfView() + (scroller.value?.clientHeight ?? 0);
  }

  const topOfView = () => scroller.value?.getBoundingClientRect().top ?? 0;
  const offsetOf = (row: Element) => bottomOf(row) - topOfView();

  return { pinned, far, toEnd, place, goTo, isInView, lastInView };
}

// Of the anchor, for it may lose its header when the message above it turns out to be of the same author.
const bottomOf = (element: Element) => element.getBoundingClientRect().bottom;
