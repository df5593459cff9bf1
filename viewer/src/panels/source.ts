/** A function's source and its machine code, side by side, with every metric. */

import type { Metric } from "../data/about";
import type { CodeListing, Lister, Listing, SourceListing } from "../data/listing";
import { percent } from "../data/units";
import { restrict } from "../tree/restrict";
import { button, fileName, h, replace } from "../ui/dom";
import { type Column, type RowView, VirtualTable } from "../ui/virtual";
import { asking, ofHeap } from "./asking";
import { functionRows } from "./functions";
import { nothing } from "./nothing";
import type { Panel, View } from "./view";

const PART = "of the selected samples";
const WHOLE = "of the whole recording: what is filtered by has no effect here";

/** A row of either table: a heading, or a line or an instruction, which may be of the same line of source. */
interface Row {
  heading?: string;
  /** `file:line`. */
  place: string | null;
  gap: boolean;
  self: number[];
  view: RowView;
}

export class SourcePanel implements Panel {
  private readonly title = h("div", { class: "tools" });
  private readonly source = new VirtualTable("grid");
  private readonly code = new VirtualTable("grid");
  private readonly both = h("div", { class: "both" }, this.source.element, this.code.element);
  readonly element = h("div", { class: "panel" }, this.title, this.both);
  /** The line of source that is marked in both tables. */
  private place: string | null = null;
  private shown = "";
  /** Whether the listing of what is shown has come, and whether the focus waits for it. */
  private isThere = false;
  private isAwaited = false;
  /** What each metric has of what is shown: shares are parts of it. */
  private wholes: number[] = [];

  constructor(private readonly lister: Lister) {}

  show(view: View): void {
    const label = view.selected >= 0 ? view.selected : first(view);
    const name = label >= 0 ? view.profile.texts.at(view.profile.functions.name[label] ?? 0) : "";
    if (name !== this.shown) {
      this.place = null;
      this.isThere = false;
    }
    this.shown = name;
    void this.lister.list(name).then((listing) => {
      if (this.shown === name) {
        this.draw(view, name, listing);
      }
    });
  }

  focus(): void {
    this.isAwaited = !this.isThere;
    if (this.isAwaited) {
      return;
    }
    const table = [this.source, this.code].find(({ element }) => !element.hidden);
    if (table) {
      table.go(table.at);
    } else {
      this.title.querySelector("button")?.focus();
    }
  }

  private draw(view: View, name: string, whole: Listing | null): void {
    const isPart = isFiltered(view);
    const restricted = whole && isPart ? restrict(view.profile, view.state, view.labels, whole) : null;
    const listing = restricted?.listing ?? whole;
    this.wholes = restricted?.wholes ?? view.profile.about.metrics.map(({ total }) => total);
    replace(
      this.title,
      h("strong", {}, name || "no function"),
      isPart && whole && h("span", { class: "quiet" }, restricted ? PART : WHOLE),
      ...absent(view, name, listing).map((text) => h("span", { class: "quiet" }, text)),
      button("In the flame graph", () => view.store.change({ panel: "flame" }), { name: "flame" }),
    );
    const sources = listing?.sources.flatMap((one) => sourceRows(view, this.wholes, one)) ?? [];
    const code = listing?.code.flatMap((one) => codeRows(view, this.wholes, one)) ?? [];
    // What there is gets all the room; why the other is not there stands above.
    this.code.element.hidden = code.length === 0;
    this.source.element.hidden = sources.length === 0;
    this.fill(view, this.source, "Source", sources, code);
    this.fill(view, this.code, "Machine code", code, sources);
    this.isThere = true;
    // Whoever has gone elsewhere meanwhile stays there.
    if (this.isAwaited && document.activeElement === document.body) {
      this.focus();
    }
    this.isAwaited = false;
  }

  private fill(view: View, table: VirtualTable, label: string, rows: Row[], counterpart: Row[]): void {
    const columns = columnsOf(view, label, rows);
    const number = numberWidth(columns);
    table.element.style.setProperty("--number", `${number}px`);
    const hottest = rows.reduce((best, row, at) => (heat(view, row) > heat(view, rows[best]) ? at : best), 0);
    table.show(
      {
        label,
        columns,
        widths: { number: number + GAP, place: 66, text: 154, wide: 200, name: 268 },
        count: rows.length,
        row: (at) => {
          const row = rows[at];
          const same = this.place !== null && row.place === this.place;
          const attributes = { "data-same": same, "data-gap": row.gap };
          return { ...row.view, attributes };
        },
        select: (at) => this.mark(rows[at].place, table, counterpart),
      },
      hottest,
    );
    table.go(hottest, false);
  }

  /** Marks the rows of a line in both tables, and shows the first of them in the other one. */
  private mark(place: string | null, from: VirtualTable, counterpart: Row[]): void {
    this.place = place;
    const other = from === this.source ? this.code : this.source;
    const found = counterpart.findIndex((row) => row.place !== null && row.place === place);
    from.redraw();
    if (found >= 0) {
      other.go(found, false);
    }
    other.redraw();
  }
}

/** Digits of an address that fit a column of numbers. */
const SHORT_ADDRESS = 8;

/** What is shown if nothing is chosen; of a heap not the allocator, which has all of it. */
function first(view: View): number {
  return ofHeap(view) ? (asking(view)[0]?.[0] ?? -1) : functionRows(view, "self").at(0);
}

function isFiltered({ state }: View): boolean {
  return state.time !== null || state.threads.length > 0 || state.focus.length > 0;
}

/** Why there is no source, or no machine code. */
function absent(view: View, name: string, listing: Listing | null): string[] {
  if (!name) {
    return [nothing(view)];
  }
  if (!listing) {
    return ["this report holds the code of the hottest functions only: pyrometer view shows any"];
  }
  return [
    ...(listing.sources.length === 0 ? ["its debug info names no lines"] : []),
    ...(listing.code.length === 0 ? ["no address in its machine code was recorded"] : []),
  ];
}

function headed(text: string): Row {
  return { place: null, gap: false, self: [], view: { cells: [text], heading: true } };
}

function heat(view: View, row: Row): number {
  return row.self[view.state.metric] ?? 0;
}

/** The metrics in their order of interest: the one that is shown, and the others after the text. */
function others(view: View): number[] {
  const { metrics, own } = view.profile.about;
  return metrics.slice(0, own).flatMap((_, row) => (row === view.state.metric ? [] : [row]));
}

function columnsOf(view: View, label: string, rows: Row[]): Column[] {
  const of = ({ name, description }: Metric): Column => ({
    title: name,
    meaning: [name, description].filter(Boolean).join(": "),
    kind: "number",
  });
  const metric = (row: number) => of(view.profile.about.metrics[row]);
  const shown = of(view.metric);
  const rest = others(view).map(metric);
  if (label === "Source") {
    return [
      shown,
      { title: "with calls", kind: "number" },
      { title: "Line", kind: "place" },
      { title: "Source", kind: "name" },
      ...rest,
    ];
  }
  const isLong = rows.some(({ view: { cells } }) => String(cells[1] ?? "").length > SHORT_ADDRESS);
  return [
    shown,
    { title: "Address", kind: isLong ? "wide" : "place" },
    { title: "Instruction", kind: "name" },
    { title: "From", kind: "text" },
    ...rest,
  ];
}

/** Pixels between columns. */
const GAP = 8;
/** Pixels of a letter of a title. */
const LETTER = 6.5;

/** Pixels of a column of numbers: so many that titles are not cut, unless they are very long. */
function numberWidth(columns: Column[]): number {
  const letters = columns.map(({ kind, title }) => (kind === "number" ? title.length : 0));
  return Math.round(Math.min(130, Math.max(58, LETTER * Math.max(...letters))));
}

/** The share of the whole of a metric; nothing for nothing. */
function share(wholes: number[], columns: number[][], metric: number, row: number): string {
  return shareOf(columns[metric]?.[row] ?? 0, wholes[metric] ?? 0);
}

function shareOf(value: number, total: number): string {
  return value && total ? `${percent(value / total)} %` : "";
}

function sourceRows(view: View, wholes: number[], listing: SourceListing): Row[] {
  const changed = listing.changed ? " · changed since the recording: its lines may have moved" : "";
  const { path, missing } = listing;
  // Why a file is missing may begin with its path.
  const named = missing?.startsWith(path) ? missing : [path, missing].filter(Boolean).join(": ");
  const heading = named + changed;
  const rows = listing.line.map((line, at): Row => {
    const self = listing.self.map((column) => column[at]);
    const text = code(listing.text[at] ?? "", heatOf(view, wholes, self));
    return {
      place: `${listing.path}:${line}`,
      gap: at > 0 && listing.line[at - 1] !== line - 1,
      self,
      view: {
        cells: [
          share(wholes, listing.self, view.state.metric, at),
          share(wholes, listing.total, view.state.metric, at),
          String(line),
          text,
          ...others(view).map((metric) => share(wholes, listing.self, metric, at)),
        ],
      },
    };
  });
  return [headed(heading), ...rows];
}

function codeRows(view: View, wholes: number[], listing: CodeListing): Row[] {
  const heading = [`${listing.symbol || "code"} in ${fileName(listing.binary)}`, listing.missing];
  const rows = listing.address.map((address, at): Row => {
    const self = listing.self.map((column) => column[at]);
    const [file, line] = [listing.file[at], listing.line[at]];
    const from = file && line ? `${fileName(file)}:${line}` : "";
    const title = [listing.function[at], file && line ? `${file}:${line}` : ""].filter(Boolean).join("\n");
    return {
      place: file && line ? `${file}:${line}` : null,
      gap: listing.gap[at],
      self,
      view: {
        cells: [
          share(wholes, listing.self, view.state.metric, at),
          address,
          code(listing.text[at], heatOf(view, wholes, self)),
          h("span", { class: "quiet", title }, from),
          ...others(view).map((metric) => share(wholes, listing.self, metric, at)),
        ],
      },
    };
  });
  return [headed(heading.filter(Boolean).join(": ")), ...rows];
}

/** The part of the metric that a row has, 0 to 1. */
function heatOf(view: View, wholes: number[], self: number[]): number {
  const whole = wholes[view.state.metric];
  return whole ? (self[view.state.metric] ?? 0) / whole : 0;
}

/** Letters: a longer text may be cut, and is said in whole. */
const LONG = 30;

/** Text of a program, with a bar behind it as long as its share: a tenth of all is the whole width. */
function code(text: string, share: number): HTMLElement {
  const title = text.length > LONG ? text.trim() : null;
  const element = h("span", { class: "code", title }, text.replaceAll("\t", "    ") || " ");
  if (share > 0) {
    element.style.backgroundSize = `${Math.min(100, Math.max(1, share * 1000))}% 100%`;
  }
  return element;
}
