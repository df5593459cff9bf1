/** All functions with their own weight and that of all they call. */

import { SORTS, type Sort } from "../state/state";
import { h } from "../ui/dom";
import { VirtualTable } from "../ui/virtual";
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
  private rows: Uint32Array = new Uint32Array(0);

  show(view: View): void {
    const { sort } = view.state;
    this.rows = functionRows(view, sort);
    const { self, total } = view.answer.sums;
    const longest = sort === "name" ? 1 : view.share(view.answer.sums[sort][this.rows[0]] ?? 0);
    const many = this.rows.length.toLocaleString("en-US");
    this.count.textContent = `${many} ${this.rows.length === 1 ? "function" : "functions"}${view.found ? " found" : ""}`;
    const sorted = (name: Sort) => (sort === name ? (name === "name" ? "ascending" : "descending") : null);
    const at = this.rows.indexOf(view.selected);
    this.table.show(
      {
        label: "Functions",
        columns: [
          { title: "Self", kind: "number", sorted: sorted("self") },
          { title: "95 %", kind: "number" },
          { title: view.metric.name, kind: "number" },
          { title: "Total", kind: "number", sorted: sorted("total") },
          { title: "95 %", kind: "number" },
          { title: "", kind: "text" },
          { title: "Function", kind: "name", sorted: sorted("name") },
          { title: "Binary", kind: "text" },
        ],
        count: this.rows.length,
        row: (row) => {
          const label = this.rows[row];
          return {
            cells: [
              view.percent(self[label]),
              view.interval(self[label]),
              view.value(self[label]),
              view.percent(total[label]),
              view.interval(total[label]),
              bar(view, sort === "total" ? total[label] : self[label], longest),
              h("span", { title: view.name(label) }, view.name(label)),
              h("span", { title: view.binary(label) }, view.binaryName(label)),
            ],
            attributes: { "data-label": label },
          };
        },
        sort: (column) => view.store.change({ sort: SORTS[[0, 3, 6].indexOf(column)] ?? "self" }),
        select: (row) => {
          if (view.isFunction(this.rows[row])) {
            view.store.change({ selected: this.rows[row] }, true);
          }
        },
        open: (row) => {
          if (view.isFunction(this.rows[row])) {
            view.store.change({
              selected: this.rows[row],
              focus: [this.rows[row]],
              panel: "flame",
              zoom: [0, 1],
            });
          }
        },
      },
      at >= 0 ? at : undefined,
    );
  }

  focus(): void {
    this.table.go(this.table.at);
  }
}
