const growsItself = typeof CSS !== 'undefined' && CSS.supports('field-sizing', 'content');

/** Makes a textarea as high as its text, where the browser does not do it. */
export function fitHeight(area: HTMLTextAreaElement | null) {
  if (!area || growsItself) return;
  area.style.blockSize = 'auto';
  area.style.blockSize = `${area.scrollHeight}px`;
}
