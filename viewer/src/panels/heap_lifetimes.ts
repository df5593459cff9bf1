/** How long blocks live, as a table with bars. */

import { bytes, count, percent } from "../data/units";
import { lifetimes, type Points } from "../tree/points";
import { h } from "../ui/dom";
import { lifetime } from "./heap_metrics";
import type { View } from "./view";

/** Null if there are no lifetimes. */
export function lifetimeTable(view: View, points: Points): HTMLElement | null {
  const classes = lifetimes(view.profile, points);
  const blocks = classes.reduce((sum, one) => sum + one.blocks, 0);
  if (blocks === 0) {
    return null;
  }
  const most = classes.reduce((best, one) => Math.max(best, one.blocks), 0);
  const rows = classes.map((one, at) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, `${at === 0 ? "short: " : ""}≤ ${lifetime(view, one.until)}`),
      h("td", { class: "number" }, `${percent(one.blocks / blocks)} %`),
      h("td", {}, filled(one.blocks / most)),
      h("td", { class: "number" }, count(one.blocks)),
      h("td", { class: "number" }, bytes(one.bytes)),
    ),
  );
  const titles = ["Lifetime", "Share", "", "Blocks", "Bytes"].map((title, at) =>
    title ? h("th", { scope: "col", class: at > 0 ? "number" : "" }, title) : h("td"),
  );
  return h(
    "div",
    {},
    h("h2", {}, "How long blocks live"),
    h("p", { class: "quiet" }, "by the average of their allocation point"),
    h("table", { class: "lifetimes" }, h("tr", {}, ...titles), ...rows),
  );
}

function filled(share: number): HTMLElement {
  const fill = h("span", { class: "fill" });
  fill.style.width = `${100 * share}%`;
  return h("span", { class: "bar", "aria-hidden": "true" }, fill);
}
