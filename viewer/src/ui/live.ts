/** What changes without the focus moving is said to screen readers. */

import { h } from "./dom";

let region: HTMLElement | null = null;

/** The element that is listened to. */
export function liveRegion(): HTMLElement {
  region ??= h("div", { class: "spoken", role: "status", "aria-live": "polite" });
  return region;
}

export function announce(text: string): void {
  liveRegion().textContent = text;
}
