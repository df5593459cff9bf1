/** What there is of a heap in all, one card a metric; choosing one sorts by it. */

import { bytes, count, percent } from "../data/units";
import { h, on } from "../ui/dom";
import { average, type HeapMetrics, lifetime, type Size } from "./heap_metrics";
import type { View } from "./view";

export function cards(view: View, metrics: HeapMetrics): HTMLElement[] {
  return [
    ...metrics.sizes.map((size) => sizeCard(view, metrics, size)),
    ...temporary(view, metrics),
    ...lifetimes(view, metrics),
    ...accesses(view, metrics),
  ];
}

/** Of a metric that can be chosen. */
function chosen(view: View, metric: number, title: string, amount: string, more: string): HTMLElement {
  const card = h("button", {
    type: "button",
    class: "card",
    "aria-pressed": String(view.state.metric === metric),
    name: `card-${metric}`,
  });
  card.append(...parts(title, amount, more));
  return on(card, { click: () => view.store.change({ metric, zoom: [0, 1] }) });
}

function told(title: string, amount: string, more: string): HTMLElement {
  return h("div", { class: "card" }, ...parts(title, amount, more));
}

function parts(title: string, amount: string, more: string): HTMLElement[] {
  return [
    h("span", { class: "quiet" }, title),
    h("strong", {}, amount),
    h("span", { class: "quiet" }, more || "\u00a0"),
  ];
}

function sizeCard(view: View, metrics: HeapMetrics, size: Size): HTMLElement {
  const sum = metrics.points.sums[size.bytes];
  const blocks = size.blocks >= 0 ? `${count(metrics.points.sums[size.blocks])} blocks` : "";
  const whole = metrics.sum("alloc-bytes");
  const isPart = whole > 0 && size.bytes !== metrics.row("alloc-bytes");
  const share = isPart ? `${percent(sum / whole)} %` : "";
  return chosen(view, size.bytes, size.title, bytes(sum), [share, blocks].filter(Boolean).join(", "));
}

function temporary(view: View, metrics: HeapMetrics): HTMLElement[] {
  const row = metrics.row("temporary-blocks");
  if (row < 0) {
    return [];
  }
  const sum = metrics.points.sums[row];
  const share = `${percent(sum / (metrics.sum("alloc-blocks") || 1))} % of all blocks`;
  return [chosen(view, row, "Freed at once", `${count(sum)} blocks`, share)];
}

function lifetimes(view: View, metrics: HeapMetrics): HTMLElement[] {
  const blocks = metrics.sum("alloc-blocks");
  if (!metrics.has("lifetime") || blocks === 0) {
    return [];
  }
  const mean = average(metrics.sum("lifetime"), blocks);
  const { end } = view.profile.about.heap;
  const share = end > 0 ? `${percent(mean / end)} % of the run` : "";
  return [told("Average lifetime", lifetime(view, mean), share)];
}

/** How often each allocated byte was read and written. */
function accesses(view: View, metrics: HeapMetrics): HTMLElement[] {
  const whole = metrics.sum("alloc-bytes");
  const card = (name: string, title: string) => {
    const row = metrics.row(name);
    const times = `each byte ${count(Math.round((10 * metrics.sum(name)) / whole) / 10)} times`;
    return row >= 0 && whole > 0 ? [chosen(view, row, title, bytes(metrics.sum(name)), times)] : [];
  };
  return [...card("read-bytes", "Read"), ...card("written-bytes", "Written")];
}
