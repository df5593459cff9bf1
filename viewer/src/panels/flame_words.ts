/** What is said of a frame: beside the pointer, to a screen reader, and before its name. */

import { stepOf } from "../flame/colours";
import { h } from "../ui/dom";
import type { View } from "./view";

/** In one sentence. */
export function describe(view: View, node: number): string {
  const { tree } = view.answer;
  const label = tree.label[node];
  const inlined = tree.inlined[node] && view.isFunction(label) ? ", inlined" : "";
  const change = tree.other ? `; ${changeOf(view, node)}` : "";
  const total = `total ${view.measured(tree.total[node])}`;
  return `${view.name(label)}${inlined}: ${total}; self ${view.measured(tree.self[node])}${change}`;
}

/** In lines. */
export function tipLines(view: View, node: number): HTMLElement[] {
  const { tree } = view.answer;
  const label = tree.label[node];
  const inlined = tree.inlined[node] && view.isFunction(label) ? " · inlined" : "";
  const place = [view.location(label), view.binaryName(label)].filter(Boolean).join(" · ");
  return [
    h("div", { class: "name" }, view.name(label)),
    h("div", {}, `total ${view.measured(tree.total[node])}`),
    h("div", {}, `self ${view.measured(tree.self[node])}`),
    ...(tree.other ? [h("div", {}, h("strong", {}, changeOf(view, node)))] : []),
    h("div", { class: "quiet" }, `${place}${inlined}`),
  ];
}

/** `before 1.2 s, after 1.5 s: +0.3 s (…)`. */
function changeOf(view: View, node: number): string {
  const { tree } = view.answer;
  const change = view.difference(tree.total[node], tree.other?.total[node] ?? 0);
  return `before ${view.value(change.before)}, after ${view.value(change.after)}: ${view.changed(change)}`;
}

/** A sign before a name, where it is the difference that is shown: it is not told by colour alone. */
export function signs(view: View): (node: number) => string {
  const { tree } = view.answer;
  const { other } = tree;
  if (view.state.colour !== "difference" || !other) {
    return () => "";
  }
  return (node) => ["▼ ", "", "▲ "][1 + Math.sign(stepOf(view, tree.total[node], other.total[node]))];
}
