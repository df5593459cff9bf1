/** All functions with their own weight and that of all they call. */

import type { Difference } from "../data/difference";
import { grouped } from "../data/units";
import type { Sort, State } from "../state/state";
import type { Others } from "../tree/query";
import { h } from "../ui/dom";
import { type Column, VirtualTable } from "../ui/virtual";
import { bar } from "./bar";
import type { Panel, View } from "./view";

/** The labels that weigh anything (and are found, if something is searched), sorted. */
export function functionRows(view: View, sort: Sort): Uint32Array {
  const { self, total } = view.answer.sums;
  const rows: number[] = [];
  for (let label = 0; label < total.length; label++) {
    if (total[label] > 0 && (!view.found || view.found.matches[label])) {
      rows.push(label);
    }
  }
  // Of equals, the name decides, then the binary: as in every other view.
  const name = (label: number) => `${view.plainName(label)}\n${view.binary(label)}`;
  const byName = (a: number, b: number) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : a - b);
  if (sort === "name") {
    return Uint32Array.from(rows).sort(byName);
  }
  const by = sort === "total" ? total : self;
  return Uint32Array.from(rows).sort((a, b) => by[b] - by[a] || byName(a, b));
}

export class FunctionsPanel implements Panel {
  private readonly table = new VirtualTable("grid");
  private readonly count = h("p", { class: "count" });
  readonly element = h("div", { class: "panel" }, this.count, this.table.element);

  show(view: View): void {
    const table = view.answer.others ? changes(view, view.answer.others) : weights(view);
    const many = grouped(table.rows.length);
    const noun = table.rows.length === 1 ? "function" : "functions";
    this.count.textContent = `${many} ${noun}${view.found ? " found" : ""}${table.remark}`;
    const at = table.rows.indexOf(view.selected);
    const choose = (row: number, more: Partial<State>, quietly: boolean) => {
      if (view.isFunction(table.rows[row])) {
        view.store.change({ selected: table.rows[row], ...more }, quietly);
      }
    };
    this.table.show(
      {
        label: "Functions",
        columns: table.columns,
        count: table.rows.length,
        row: (row) => ({
          cells: table.cells(table.rows[row]),
          attributes: { "data-label": table.rows[row] },
        }),
        sort: (column) => view.store.change({ sort: table.sorts[column] ?? "self" }),
        select: (row) => choose(row, {}, true),
        open: (row) => choose(row, { focus: [table.rows[row]], panel: "flame", zoom: [0, 1] }, false),
      },
      at >= 0 ? at : undefined,
    );
  }

  focus(): void {
    this.table.go(this.table.at);
  }
}

interface Table {
  rows: Uint32Array;
  columns: Column[];
  /** What choosing the title of a column sorts by. */
  sorts: Record<number, Sort>;
  cells(label: number): (Node | string)[];
  remark: string;
}

function sorted(view: View, name: Sort): "ascending" | "descending" | null {
  return view.state.sort !== name ? null : name === "name" ? "ascending" : "descending";
}

function weights(view: View): Table {
  const { sort } = view.state;
  const { self, total } = view.answer.sums;
  const rows = functionRows(view, sort);
  const longest = sort === "name" ? 1 : view.share(view.answer.sums[sort][rows[0]] ?? 0);
  const around = intervals(view);
  const columns: Column[] = [
    { title: "Self", kind: "number", sorted: sorted(view, "self") },
    ...around,
    { title: view.metric.name, kind: "number" },
    { title: "Total", kind: "number", sorted: sorted(view, "total") },
    ...around,
    { title: "", kind: "text" },
    { title: "Function", kind: "name", sorted: sorted(view, "name") },
    { title: "Binary", kind: "text" },
  ];
  const at = (title: string) => columns.findIndex((column) => column.title === title);
  return {
    rows,
    columns,
    sorts: { [at("Self")]: "self", [at("Total")]: "total", [at("Function")]: "name" },
    cells: (label) => [
      view.percent(self[label]),
      ...around.map(() => view.interval(self[label])),
      view.value(self[label]),
      view.percent(total[label]),
      ...around.map(() => view.interval(total[label])),
      bar(view, sort === "total" ? total[label] : self[label], longest),
      h("span", { title: view.name(label) }, view.name(label)),
      h("span", { title: view.binary(label) }, view.binaryName(label)),
    ],
    remark: "",
  };
}

/** A column of intervals, unless there are none: what is counted is as it is. */
export function intervals({ metric }: View): Column[] {
  return metric.kind === "exact" ? [] : [{ title: "95 %", kind: "number" }];
}

/** The functions that differ, the largest difference first. */
export function changedRows(view: View, others: Others, sort: Sort): Uint32Array {
  const by = sort === "total" ? "total" : "self";
  const change = (label: number) => Math.abs(view.answer.sums[by][label] - others.sums[by][label]);
  const rows: number[] = [];
  for (let label = 0; label < others.sums.self.length; label++) {
    if (change(label) > 0 && (!view.found || view.found.matches[label])) {
      rows.push(label);
    }
  }
  const name = (label: number) => view.plainName(label);
  const byName = (a: number, b: number) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : a - b);
  return Uint32Array.from(rows).sort((a, b) => (sort === "name" ? 0 : change(b) - change(a)) || byName(a, b));
}

/** A difference by itself, and among all: those that only seem to be are in the list of noise. */
export function selfChange(view: View, others: Others, label: number): Difference {
  const change = view.difference(view.answer.sums.self[label], others.sums.self[label]);
  const noise = view.profile.about.noise[view.pair?.place ?? 0] ?? [];
  const among = view.state.focus.length > 0 || !noise.includes(view.plainName(label));
  return { ...change, isReal: change.isReal && among };
}

function changes(view: View, others: Others): Table {
  const by = view.state.sort === "total" ? "total" : "self";
  const sums = { shown: view.answer.sums[by], others: others.sums[by] };
  return {
    rows: changedRows(view, others, view.state.sort),
    columns: [
      { title: "Self", kind: "number", sorted: sorted(view, "self") },
      { title: "Total", kind: "number", sorted: sorted(view, "total") },
      { title: "Before", kind: "number" },
      { title: "After", kind: "number" },
      { title: "Change", kind: "number" },
      { title: "95 %", kind: "wide" },
      { title: "Is it real?", kind: "number" },
      { title: "Function", kind: "name", sorted: sorted(view, "name") },
    ],
    sorts: { 0: "self", 1: "total", 7: "name" },
    cells: (label) => {
      const change =
        by === "self"
          ? selfChange(view, others, label)
          : view.difference(sums.shown[label], sums.others[label]);
      const { interval } = change;
      return [
        view.percent(view.answer.sums.self[label]),
        view.percent(view.answer.sums.total[label]),
        view.value(change.before),
        view.value(change.after),
        h("strong", { class: change.isReal ? "" : "noise" }, view.signed(change.by)),
        interval ? `${view.signed(interval[0])} … ${view.signed(interval[1])}` : "",
        change.isReal ? (change.by > 0 ? "▲ more" : "▼ less") : "noise",
        h("span", { title: view.name(label) }, view.name(label)),
      ];
    },
    remark: ` changed, by ${by}; noise is what could be chance, all differences tested together`,
  };
}
