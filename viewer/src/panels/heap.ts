/** A heap profile: what there is of it, how long blocks live, and who allocates them. */

import { grouped, percent } from "../data/units";
import { type Points, pointsOf } from "../tree/points";
import type { Answer } from "../tree/query";
import { h, refresh } from "../ui/dom";
import { type Column, type RowView, VirtualTable } from "../ui/virtual";
import { bar } from "./bar";
import { cards } from "./heap_cards";
import { lifetimeTable } from "./heap_lifetimes";
import { average, HeapMetrics } from "./heap_metrics";
import type { Panel, View } from "./view";

/** Callers that are named beside a site. */
const CALLERS = 3;

export class HeapPanel implements Panel {
  private readonly cards = h("div", { class: "cards" });
  private readonly lives = h("section", { class: "lives", "aria-label": "Lifetimes", tabindex: 0 });
  private readonly count = h("p", { class: "count" });
  private readonly table = new VirtualTable("grid");
  readonly element = h(
    "div",
    { class: "panel heap" },
    this.cards,
    h(
      "div",
      { class: "beside-lives" },
      h("div", { class: "panel points" }, this.count, this.table.element),
      this.lives,
    ),
  );
  private known: { answer: Answer; points: Points } | null = null;

  show(view: View): void {
    if (this.known?.answer !== view.answer) {
      this.known = { answer: view.answer, points: pointsOf(view.profile, view.state, view.labels) };
    }
    const { points } = this.known;
    const metrics = new HeapMetrics(view, points);
    refresh(this.cards, ...cards(view, metrics));
    const lives = lifetimeTable(view, points);
    this.lives.hidden = lives === null;
    refresh(this.lives, lives);
    const rows = rowsOf(view, points);
    const many = grouped(rows.length);
    this.count.textContent = `${many} allocation ${rows.length === 1 ? "point" : "points"} with ${view.metric.name}${view.found ? ", found" : ""}; hide a function to count what it allocates as its caller's`;
    this.fill(view, points, metrics, rows);
  }

  focus(): void {
    this.table.go(this.table.at);
  }

  private fill(view: View, points: Points, metrics: HeapMetrics, rows: Uint32Array): void {
    const columns = columnsOf(view, metrics);
    const choose = (row: number) => {
      const label = siteLabel(view, points, rows[row]);
      return view.isFunction(label) ? { selected: label } : {};
    };
    this.table.show({
      label: "Allocation points",
      columns: columns.map(({ column }) => column),
      widths: { number: 100, text: 92, name: 200 },
      count: rows.length,
      row: (row) => cellsOf(view, points, columns, rows[row]),
      sort: (column) => columns[column].sorts && view.store.change({ metric: columns[column].metric }),
      select: (row) => view.store.change(choose(row), true),
      open: (row) => view.store.change({ ...choose(row), panel: "flame", zoom: [0, 1] }),
    });
  }
}

/** The points that have any of the metric, and are found if something is searched, the heaviest first. */
function rowsOf(view: View, points: Points): Uint32Array {
  const values = points.values[view.state.metric];
  const rows = Uint32Array.from({ length: points.count }, (_, row) => row);
  const kept = rows.filter(
    (row) => values && values[row] !== 0 && (!view.found || isFound(view, points, row)),
  );
  return kept.sort((a, b) => values[b] - values[a] || a - b);
}

function isFound(view: View, points: Points, row: number): boolean {
  const { nodes } = view.profile;
  for (let at = points.node[row]; at >= 0; at = nodes.parent[at]) {
    if (view.found?.matches[view.labels.of[nodes.function[at]]]) {
      return true;
    }
  }
  return false;
}

function siteLabel(view: View, points: Points, row: number): number {
  return view.labels.of[view.profile.nodes.function[points.site[row]]];
}

interface HeapColumn {
  column: Column;
  /** What its title sorts by. */
  metric: number;
  sorts: boolean;
  cell(row: number): string | Node;
}

function columnsOf(view: View, metrics: HeapMetrics): HeapColumn[] {
  const { points } = metrics;
  const plain = (column: Column, cell: HeapColumn["cell"]) => ({ column, metric: -1, sorts: false, cell });
  const shown = view.state.metric;
  const of = (row: number) => points.values[shown][row];
  const longest = view.share(points.values[shown]?.reduce((most, value) => Math.max(most, value), 0) ?? 0);
  const sizes = metrics.sizes.map(({ title, bytes }): HeapColumn => {
    const sorted = bytes === shown ? "descending" : null;
    return {
      column: { title, kind: "number", sorted },
      metric: bytes,
      sorts: true,
      cell: (row) => view.valueOf(bytes, points.values[bytes][row]),
    };
  });
  const averages = metrics.averages.map(({ title, sum, blocks, text }) =>
    plain({ title, kind: "number" }, (row) =>
      text(average(points.values[sum][row], points.values[blocks]?.[row])),
    ),
  );
  return [
    plain({ title: "Share", kind: "number" }, (row) => `${percent(of(row) / (points.sums[shown] || 1))} %`),
    plain({ title: "", kind: "text" }, (row) => bar(view, of(row), longest)),
    plain({ title: "Allocated by", kind: "name" }, (row) => site(view, points, row)),
    ...sizes,
    ...averages,
    plain({ title: "Called by", kind: "name" }, (row) => callers(view, points, row)),
  ];
}

function cellsOf(view: View, points: Points, columns: HeapColumn[], row: number): RowView {
  return {
    cells: columns.map(({ cell }) => cell(row)),
    attributes: { "data-label": siteLabel(view, points, row) },
  };
}

function site(view: View, points: Points, row: number): Node {
  const label = siteLabel(view, points, row);
  const [name, binary] = [view.name(label), view.binaryName(label)];
  // Of what has no name, where it is is all that is known.
  const text = name.startsWith("[") && binary ? `${name} in ${binary}` : name;
  return h("span", { title: `${name}\n${view.binary(label)}`.trim() }, text);
}

/** `parse < main`. */
function callers(view: View, points: Points, row: number): Node {
  const { nodes } = view.profile;
  const names: string[] = [];
  let at = nodes.parent[points.site[row]];
  for (; at >= 0 && names.length < CALLERS; at = nodes.parent[at]) {
    names.push(view.name(view.labels.of[nodes.function[at]]));
  }
  const text = `${names.join(" < ")}${at >= 0 ? " < …" : ""}`;
  return h("span", { title: text }, text);
}
