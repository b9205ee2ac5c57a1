/** Calls back once before the next paint, or soon where nothing is painted. Calls until then are one. */
export function oncePerFrame(callback: () => void): () => void {
  let due = false;
  const run = () => {
    if (!due) return;
    due = false;
    callback();
  };
  return () => {
    if (due) return;
    due = true;
    requestAnimationFrame(run);
    setTimeout(run, 200);
  };
}
