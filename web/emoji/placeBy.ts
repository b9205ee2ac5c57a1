const GAP = 8;

/** Puts a floating panel above what it belongs to, or below where there is more room; on a phone it is a sheet. */
export function placeBy(panel: HTMLElement, anchor: DOMRect) {
  if (matchMedia('(max-width: 719px)').matches) return;
  const { offsetWidth: width, offsetHeight: height } = panel;
  const above = anchor.top - height - GAP;
  const top = above >= GAP ? above : Math.min(anchor.bottom + GAP, innerHeight - height - GAP);
  const left = Math.min(Math.max(GAP, anchor.right - width), innerWidth - width - GAP);
  panel.style.inset = 'auto';
  panel.style.margin = '0';
  panel.style.top = `${Math.max(GAP, top)}px`;
  panel.style.left = `${left}px`;
}
