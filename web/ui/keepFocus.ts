/** Focus that was lost, because what had it is gone, goes to the main part of the page. */
export function keepFocus() {
  const lost = document.activeElement === document.body || document.activeElement === null;
  if (lost && !document.querySelector('dialog[open]')) document.getElementById('main')?.focus();
}
