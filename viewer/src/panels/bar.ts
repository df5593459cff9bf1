/** A share as a bar, with its interval as a line over it. */

import { wilson } from "../data/interval";
import { h } from "../ui/dom";
import type { View } from "./view";

/** `longest` is the share that has the whole width. */
export function bar(view: View, amount: number, longest: number): HTMLElement {
  const share = view.share(amount);
  const scale = longest > 0 ? 100 / longest : 0;
  const fill = h("span", { class: "fill" });
  fill.style.width = `${Math.min(100, share * scale)}%`;
  const element = h("span", { class: "bar", "aria-hidden": "true" }, fill);
  if (view.metric.kind !== "exact" && share > 0) {
    const [low, high] = wilson(Math.min(1, share), view.answer.effective);
    const whisker = h("span", { class: "whisker" });
    whisker.style.left = `${Math.min(100, low * scale)}%`;
    whisker.style.width = `${Math.max(0, Math.min(100, high * scale) - Math.min(100, low * scale))}%`;
    element.append(whisker);
  }
  return element;
}
