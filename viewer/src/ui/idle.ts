/** Work that nobody waits for yet. */

/** Not every browser says when it has nothing to do: there it is done soon. */
export function whenIdle(work: () => void): void {
  if ("requestIdleCallback" in window) {
    window.requestIdleCallback(work);
  } else {
    setTimeout(work, 0);
  }
}
