/** The flame graph by keyboard. */

import { heaviestChild } from "../tree/path";
import { announce } from "../ui/live";
import type { FlamePanel } from "./flame";

export function flameKeys(panel: FlamePanel, event: KeyboardEvent): void {
  const view = panel.shown;
  if (!view || ((event.ctrlKey || event.metaKey || event.altKey) && event.key !== "F10")) {
    return;
  }
  const act = actions(panel)[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (act) {
    event.preventDefault();
    act(event);
  }
}

type Act = (event: KeyboardEvent) => void;

function actions(panel: FlamePanel): Record<string, Act> {
  const down = panel.shown?.state.icicle ? 1 : -1;
  return {
    ArrowDown: () => move(panel, down),
    ArrowUp: () => move(panel, -down),
    ArrowRight: () => panel.go(sibling(panel, 1)),
    ArrowLeft: () => panel.go(sibling(panel, -1)),
    Home: () => panel.go(0),
    Enter: () => panel.zoomTo(panel.at),
    Escape: () => panel.zoomTo(-1),
    "+": () => panel.zoomBy(0.7),
    "=": () => panel.zoomBy(0.7),
    "-": () => panel.zoomBy(1 / 0.7),
    a: () => panel.pan(-0.2),
    d: () => panel.pan(0.2),
    f: () => keep(panel, "focus"),
    h: () => keep(panel, "hide"),
    ContextMenu: () => menu(panel),
    F10: () => menu(panel),
  };
}

function move(panel: FlamePanel, by: number): void {
  const node = step(panel, by);
  if (node < 0 && by > 0) {
    panel.goBelow();
  } else {
    panel.go(node);
  }
}

/** The heaviest callee, or the caller. */
function step(panel: FlamePanel, by: number): number {
  const tree = panel.shown?.answer.tree;
  if (!tree || tree.count === 0) {
    return -1;
  }
  if (panel.at < 0) {
    return 0;
  }
  if (by < 0) {
    return tree.parent[panel.at];
  }
  return heaviestChild(tree, panel.at);
}

/** The neighbour in the same row. */
function sibling(panel: FlamePanel, by: number): number {
  const tree = panel.shown?.answer.tree;
  if (!tree || tree.count === 0) {
    return -1;
  }
  if (panel.at < 0) {
    return 0;
  }
  const depth = tree.depth[panel.at];
  const row = tree.rows.subarray(tree.rowStarts[depth], tree.rowStarts[depth + 1]);
  return row[row.indexOf(panel.at) + by] ?? -1;
}

function keep(panel: FlamePanel, key: "focus" | "hide"): void {
  const view = panel.shown;
  const label = view && panel.at >= 0 ? view.answer.tree.label[panel.at] : -1;
  if (view && label >= 0 && view.isFunction(label)) {
    view.store.change({ [key]: [...view.state[key], label], zoom: [0, 1] });
    announce(key === "focus" ? `only stacks through ${view.name(label)}` : `${view.name(label)} is hidden`);
  }
}

function menu(panel: FlamePanel): void {
  const { left, top } = panel.element.getBoundingClientRect();
  panel.openMenu(panel.at, left + 40, top + 80);
}
