/** All functions with their own weight and that of all they call. */

import type { Difference } from "../data/difference";
import { grouped } from "../data/units";
import type { Sort, State } from "../state/state";
import type { Answer, Others } from "../tree/query";
import { Ranking } from "../tree/ranking";
import type { Found } from "../tree/search";
import { h } from "../ui/dom";
import { type Column, VirtualTable } from "../ui/virtual";
import { bar } from "./bar";
import { nothing } from "./nothing";
import type { Panel, View } from "./view";

/** The order that was asked for last, of an answer: to choose a function leaves it as it is. */
const known = new WeakMap<Answer, { found: Found | null; sort: Sort; ranking: Ranking }>();

/** The labels that weigh anything (and are found, if something is searched), sorted. */
export function functionRows(view: View, sort: Sort): Ranking {
  const before = known.get(view.answer);
  if (before && before.found === view.found && before.sort === sort) {
    return before.ranking;
  }
  const ranking = ranked(view, sort);
  known.set(view.answer, { found: view.found, sort, ranking });
  return ranking;
}

function ranked(view: View, sort: Sort): Ranking {
  const { self, total } = view.answer.sums;
  const rows: number[] = [];
  for (let label = 0; label < total.length; label++) {
    if (total[label] > 0 && (!view.found || view.found.matches[label])) {
      rows.push(label);
    }
  }
  // Of equals, the name decides, then the binary: as in every other view.
  const name = (label: number) => `${view.plainName(label)}\n${view.binary(label)}`;
  const values = { self, total, name: new Float64Array(total.length) };
  return new Ranking(rows, values[sort], name);
}

export class FunctionsPanel implements Panel {
  private readonly table = new VirtualTable("grid");
  private readonly count = h("p", { class: "count" });
  readonly element = h("div", { class: "panel" }, this.count, this.table.element);

  show(view: View): void {
    const table = view.answer.others ? changes(view, view.answer.others) : weights(view);
    const many = grouped(table.rows.length);
    const noun = table.rows.length === 1 ? "function" : "functions";
    this.count.textContent = `${many} ${noun}${view.found ? " found" : ""}${view.answer.tree.count > 0 ? table.remark : `. ${nothing(view)}`}`;
    const at = table.rows.find(view.selected);
    const choose = (row: number, more: Partial<State>, quietly: boolean) => {
      const label = table.rows.at(row);
      if (label >= 0 && view.isFunction(label)) {
        view.store.change({ selected: label, ...more }, quietly);
      }
    };
    this.table.show(
      {
        label: "Functions",
        columns: table.columns,
        count: table.rows.length,
        row: (row) => ({
          cells: table.cells(table.rows.at(row)),
          attributes: { "data-label": table.rows.at(row) },
        }),
        sort: (column) => view.store.change({ sort: table.sorts[column] ?? "self" }),
        select: (row) => choose(row, {}, true),
        open: (row) => choose(row, { focus: [table.rows.at(row)], panel: "flame", zoom: [0, 1] }, false),
      },
      at >= 0 ? at : undefined,
    );
  }

  focus(): void {
    this.table.go(this.table.at);
  }
}

interface Table {
  rows: Ranking;
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
  const longest = sort === "name" ? 1 : view.share(view.answer.sums[sort][rows.at(0)] ?? 0);
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
export function changedRows(view: View, others: Others, sort: Sort): Ranking {
  const by = sort === "total" ? "total" : "self";
  const [shown, other] = [view.answer.sums[by], others.sums[by]];
  const change = shown.map((sum, label) => Math.abs(sum - other[label]));
  const rows: number[] = [];
  for (let label = 0; label < change.length; label++) {
    if (change[label] > 0 && (!view.found || view.found.matches[label])) {
      rows.push(label);
    }
  }
  const values = sort === "name" ? new Float64Array(change.length) : change;
  return new Ranking(rows, values, (label) => view.plainName(label));
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
    remark: `${view.found ? " that" : ""} changed, by ${by}; noise is what could be chance, all differences tested together`,
  };
}
