/** The call tree as a table that opens row by row. */

import { follow, heaviestChild, pathOf, spanOf } from "../tree/path";
import type { Tree } from "../tree/tree";
import { h, refresh } from "../ui/dom";
import { announce } from "../ui/live";
import { VirtualTable } from "../ui/virtual";
import { bar } from "./bar";
import { grouping, toggle } from "./flame_tools";
import { intervals } from "./functions";
import { Nothing } from "./nothing";
import type { Panel, View } from "./view";

/** Deeper rows are not moved further to the right, so that their names stay in sight. */
const DEEPEST_INDENT = 30;
/** A path is opened at the start as long as one child has most of its parent. */
const MOST = 0.5;
const OPENED = 40;

/** Whether a node has children, though they may not be there. */
function hasChildren(tree: Tree, node: number): boolean {
  return tree.end[node] > node + 1 || tree.cut?.more[node] === 1;
}

/** The rows that are in sight: the children of open nodes, of which the roots always are. */
export function openRows(tree: Tree, open: ReadonlySet<number>): Uint32Array {
  const rows: number[] = [];
  for (let node = 0; node < tree.count; ) {
    rows.push(node);
    node = open.has(node) ? node + 1 : tree.end[node];
  }
  return Uint32Array.from(rows);
}

/** The nodes of the path that most of the weight takes. */
export function hotPath(tree: Tree, from: number, share = MOST): number[] {
  const path: number[] = [];
  let at = from;
  while (at >= 0 && path.length < OPENED) {
    path.push(at);
    const heaviest = heaviestChild(tree, at);
    at = heaviest >= 0 && tree.total[heaviest] > share * tree.total[at] ? heaviest : -1;
  }
  return path;
}

export class TreePanel implements Panel {
  private readonly tools = h("div", { class: "tools" });
  private readonly nothing = new Nothing();
  private readonly table = new VirtualTable("treegrid");
  readonly element = h("div", { class: "panel" }, this.tools, this.nothing.element, this.table.element);
  private open = new Set<number>();
  private rows: Uint32Array = new Uint32Array(0);
  private view: View | null = null;

  show(view: View): void {
    const before = this.view;
    this.view = view;
    const inverted = toggle(
      view,
      "inverted",
      "From the leaves",
      "Roots are the functions that samples end in",
    );
    refresh(
      this.tools,
      inverted,
      ...grouping(view),
      h(
        "span",
        { class: "quiet" },
        "→ opens, ← closes, * opens the hottest path, Enter shows it in the flame graph",
      ),
    );
    this.nothing.show(view);
    const { tree } = view.answer;
    if (before?.answer.tree !== tree) {
      this.open = before ? carried(before.answer.tree, tree, this.open) : new Set();
      if (this.open.size === 0 && tree.count > 0) {
        this.open = new Set(hotPath(tree, 0));
      }
    }
    this.changed();
  }

  private changed(): void {
    if (this.view) {
      this.complete(this.view);
    }
    this.update();
  }

  /** Rows have their children, all of them, when they are open. */
  private complete(view: View): void {
    const { cut } = view.answer.tree;
    const open = [...this.open].filter((node) => cut?.more[node]).map((node) => cut?.place[node] ?? 0);
    if (open.length > 0) {
      view.refine({ open });
    }
  }

  focus(): void {
    this.table.go(this.table.at);
  }

  private update(current = this.table.at): void {
    const { view } = this;
    if (!view) {
      return;
    }
    const { tree } = view.answer;
    this.rows = openRows(tree, this.open);
    const last = this.rows[Math.min(current, this.rows.length - 1)];
    this.table.show(
      {
        label: view.state.inverted ? "Call tree from the leaves" : "Call tree",
        columns: [
          { title: "Total", kind: "number" },
          ...intervals(view),
          { title: view.metric.name, kind: "number" },
          { title: "Self", kind: "number" },
          ...(tree.other ? [{ title: "Change", kind: "number" } as const] : []),
          { title: "", kind: "text" },
          { title: "Function", kind: "name" },
          { title: "Binary", kind: "text" },
        ],
        count: this.rows.length,
        row: (row) => this.row(view, this.rows[row]),
        select: (row) => this.select(view, this.rows[row]),
        open: (row) => showInFlame(view, this.rows[row]),
        key: (row, event) => this.key(tree, row, event.key),
      },
      last === undefined ? 0 : current,
    );
  }

  private row(view: View, node: number) {
    const { tree } = view.answer;
    const label = tree.label[node];
    const level = tree.depth[node] + 1;
    const has = hasChildren(tree, node);
    const name = h("span", { class: "name", title: view.name(label) }, view.name(label));
    const mark = h(
      "span",
      { class: has ? "twisty" : "twisty leaf", "aria-hidden": "true" },
      has ? (this.open.has(node) ? "▾" : "▸") : "",
    );
    mark.addEventListener("click", () => has && this.flip(node));
    const cell = h(
      "span",
      { class: "indented" },
      mark,
      level > DEEPEST_INDENT && h("span", { class: "depth" }, `${level}`),
      name,
    );
    if (tree.inlined[node] && view.isFunction(label)) {
      cell.append(h("span", { class: "tag" }, "inlined"));
    }
    cell.style.setProperty("--level", String(Math.min(level - 1, DEEPEST_INDENT)));
    return {
      cells: [
        view.percent(tree.total[node]),
        ...intervals(view).map(() => view.interval(tree.total[node])),
        view.value(tree.total[node]),
        view.percent(tree.self[node]),
        ...(tree.other ? [change(view, tree.total[node], tree.other.total[node])] : []),
        bar(view, tree.total[node], 1),
        cell,
        h("span", { title: view.binary(label) }, view.binaryName(label)),
      ],
      attributes: {
        "aria-level": level,
        "aria-expanded": has ? String(this.open.has(node)) : null,
        "data-label": label,
        ...position(tree, node),
      },
    };
  }

  private select(view: View, node: number): void {
    const label = view.answer.tree.label[node];
    if (view.isFunction(label)) {
      view.store.change({ selected: label }, true);
    }
  }

  private flip(node: number): void {
    if (!this.open.delete(node)) {
      this.open.add(node);
    }
    this.changed();
  }

  private key(tree: Tree, row: number, key: string): boolean {
    const node = this.rows[row];
    const has = hasChildren(tree, node);
    const isOpen = this.open.has(node);
    if (key === "ArrowRight" && has && !isOpen) {
      this.flip(node);
      this.table.go(row);
    } else if (key === "ArrowRight" && has) {
      this.table.go(row + 1);
    } else if (key === "ArrowLeft" && isOpen && has) {
      this.flip(node);
      this.table.go(row);
    } else if (key === "ArrowLeft" && tree.parent[node] >= 0) {
      this.table.go(this.rows.indexOf(tree.parent[node]));
    } else if (key === "*") {
      const path = hotPath(tree, node);
      for (const one of path) {
        this.open.add(one);
      }
      this.changed();
      this.table.go(this.rows.indexOf(path[path.length - 1]));
      announce(`opened ${path.length} levels`);
    } else {
      return key === "ArrowRight" || key === "ArrowLeft";
    }
    return true;
  }
}

/** How a total has changed; in brackets if it may be noise. */
function change(view: View, shown: number, other: number): string {
  const { by, isReal } = view.difference(shown, other);
  return isReal ? view.signed(by) : `(${view.signed(by)})`;
}

/** Where a node stands among its siblings, from 1. */
function position(tree: Tree, node: number): { "aria-posinset": number; "aria-setsize": number } {
  const parent = tree.parent[node];
  let place = 0;
  let size = 0;
  const end = parent < 0 ? tree.count : tree.end[parent];
  for (let sibling = parent < 0 ? 0 : parent + 1; sibling < end; sibling = tree.end[sibling]) {
    size++;
    place = sibling <= node ? size : place;
  }
  return { "aria-posinset": place, "aria-setsize": size };
}

/** The open nodes of a tree, in another one that has the same paths. */
function carried(before: Tree, after: Tree, open: Set<number>): Set<number> {
  const kept = new Set<number>();
  for (const node of open) {
    const path = pathOf(before, node);
    const found = follow(after, path);
    if (found >= 0 && after.depth[found] === path.length - 1) {
      kept.add(found);
    }
  }
  return kept;
}

function showInFlame(view: View, node: number): void {
  const { tree } = view.answer;
  const label = tree.label[node];
  const selected = view.isFunction(label) ? label : view.state.selected;
  view.store.change({ panel: "flame", zoom: spanOf(tree, node), selected });
}
