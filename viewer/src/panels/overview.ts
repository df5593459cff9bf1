/** What was run, what is missing, and what is hot, in sentences. */

import type { Fact, Missing } from "../data/about";
import { bySite, metricRow, pointsOf } from "../tree/points";
import type { Others } from "../tree/query";
import type { Neighbour } from "../tree/sums";
import { button, h, replace, shorten } from "../ui/dom";
import { asking, ofHeap } from "./asking";
import { bar } from "./bar";
import { changedRows, functionRows, selfChange } from "./functions";
import { nothing } from "./nothing";
import type { Panel, View } from "./view";

const HOTTEST = 5;
const PLACES = 8;
/** A caller is named if at least this part of a function's weight comes through it. */
const MOSTLY = 0.5;
/** Letters of a name: what is longer has its middle left out. */
const LONGEST = 240;

export class OverviewPanel implements Panel {
  readonly element = h("div", { class: "panel overview", tabindex: -1 });

  show(view: View): void {
    const { about } = view.profile;
    const { others } = view.answer;
    const [own, base] = about.facts;
    replace(
      this.element,
      h("h2", { class: "what" }, about.title),
      base ? sideBySide(base, own) : facts(own),
      ...missingLists(about.missing).map((list) =>
        h("ul", { class: "missing", "aria-label": "What is missing" }, ...list.map(missing)),
      ),
      ...about.remarks.map((text) => h("p", { class: "remark" }, text)),
      others && changed(view, others),
      h("div", { class: "columns" }, ofHeap(view) ? allocating(view) : hottest(view), places(view)),
      notes(view),
    );
  }

  focus(): void {
    this.element.focus();
  }
}

function facts(list: Fact[]): HTMLElement {
  return h(
    "dl",
    { class: "facts" },
    ...list.flatMap(({ name, text }) => [h("dt", {}, name), h("dd", {}, text)]),
  );
}

/** The same facts of two profiles. */
function sideBySide(before: Fact[], after: Fact[]): HTMLElement {
  const names = [...new Set([...before, ...after].map(({ name }) => name))];
  const text = (list: Fact[], name: string) => list.find((fact) => fact.name === name)?.text ?? "";
  const rows = names.map((name) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      h("td", {}, text(before, name)),
      h("td", {}, text(after, name)),
    ),
  );
  const titles = ["", "Before", "After"].map((title) => (title ? h("th", { scope: "col" }, title) : h("td")));
  return h("table", { class: "sides" }, h("tr", {}, ...titles), ...rows);
}

/** What has changed beyond noise, in sentences. */
function changed(view: View, others: Others): HTMLElement {
  const rows = realChanges(view, others);
  const whole = view.difference(view.answer.whole, others.whole);
  const items = rows.map((label) => {
    const change = selfChange(view, others, label);
    const choose = chooser(view, label, "flame");
    const sign = h(
      "span",
      { class: change.by > 0 ? "more" : "less", "aria-hidden": "true" },
      change.by > 0 ? "▲ " : "▼ ",
    );
    const from = `${view.value(change.before)} before, ${view.value(change.after)} after: `;
    return h(
      "li",
      {},
      h("p", {}, sign, choose, " itself ", from, h("strong", {}, view.changed(change)), "."),
    );
  });
  const all = `In all ${view.value(whole.before)} before, ${view.value(whole.after)} after: ${view.changed(whole)}.`;
  const none = rows.length === 0 && h("p", {}, "No function has changed beyond noise.");
  return h(
    "section",
    { "aria-labelledby": "changed" },
    h("h2", { id: "changed" }, "What has changed"),
    h("p", { class: "remark" }, all),
    none || h("ol", { class: "hottest" }, ...items),
  );
}

/** The first few of the functions that have changed beyond noise. */
function realChanges(view: View, others: Others): number[] {
  const ranking = changedRows(view, others, "self");
  const found: number[] = [];
  for (let place = 0; place < ranking.length && found.length < HOTTEST; place++) {
    const label = ranking.at(place);
    if (selfChange(view, others, label).isReal) {
      found.push(label);
    }
  }
  return found;
}

/** Of two profiles, what is missing says of which. */
function missingLists(lists: Missing[][]): Missing[][] {
  const [after, before] = lists;
  const of = (side: string, list: Missing[]) => list.map((one) => ({ ...one, text: `${side}: ${one.text}` }));
  return before ? [of("before", before), of("after", after)] : lists;
}

function missing({ text, bad }: Missing): HTMLElement {
  return h(
    "li",
    { class: bad ? "bad" : "good" },
    h("span", { "aria-hidden": "true" }, bad ? "! " : "✓ "),
    text,
  );
}

/** The name of a function, which shows it in a panel. */
function chooser(view: View, label: number, panel: "flame" | "heap"): HTMLElement {
  const name = view.name(label);
  return button(shorten(name, LONGEST), () => view.store.change({ selected: label, panel }), {
    class: "link",
    disabled: !view.isFunction(label),
    title: name.length > LONGEST ? name : null,
  });
}

/** Of two profiles, it is said of which. */
function whereItGoes(view: View): string {
  const { pair, metric, state } = view;
  const side = pair && (pair.after === state.metric ? " (after)" : " (before)");
  return `Where ${metric.name} ${metric.name.endsWith("s") ? "go" : "goes"}${side ?? ""}`;
}

function hottest(view: View): HTMLElement {
  const rows = functionRows(view, "self").first(HOTTEST);
  const title = h("h2", { id: "hottest" }, whereItGoes(view));
  if (rows.length === 0 || view.answer.sums.self[rows[0]] === 0) {
    return hottestOnes(title, h("p", {}, nothing(view)));
  }
  const longest = view.share(view.answer.sums.self[rows[0]]);
  const items = rows
    .filter((label) => view.answer.sums.self[label] > 0)
    .map((label) =>
      h("li", {}, bar(view, view.answer.sums.self[label], longest), h("p", {}, ...sentence(view, label))),
    );
  return hottestOnes(title, meaning(view), h("ol", { class: "hottest" }, ...items));
}

/** The part of the page that `title` is above. */
function hottestOnes(title: HTMLElement, ...contents: (HTMLElement | null)[]): HTMLElement {
  return h("section", { "aria-labelledby": "hottest" }, title, ...contents);
}

/** What the metric is: few know `D1mr`. */
function meaning({ metric }: View): HTMLElement | null {
  return metric.description ? h("p", { class: "remark" }, metric.description) : null;
}

/** Of a heap, who asks for memory is what one looks for. */
function allocating(view: View): HTMLElement {
  const { metric } = view.state;
  const points = pointsOf(view.profile, view.state, view.labels);
  const sites = bySite(view.profile, view.labels, points, metric).slice(0, HOTTEST);
  const title = h("h2", { id: "hottest" }, `Who allocates: ${view.metric.name}`);
  if (sites.length === 0) {
    return hottestOnes(title, h("p", {}, `There is no ${view.metric.name}.`));
  }
  const others = ["alloc-bytes", "alloc-blocks", "peak-bytes", "exit-bytes", "never-read-bytes"]
    .map((name) => metricRow(view.profile, name))
    .filter((row) => row >= 0 && row !== metric)
    .map((row) => ({
      name: view.profile.about.metrics[row].name,
      row,
      sums: new Map(bySite(view.profile, view.labels, points, row)),
    }));
  const items = sites.map(([label, sum]) => {
    const more = others
      .filter(({ sums }) => sums.has(label))
      .map(({ name, row, sums }) => `${name} ${view.valueOf(row, sums.get(label) ?? 0)}`);
    const choose = chooser(view, label, "heap");
    const share = h("strong", {}, view.percent(sum));
    const rest = `${more.length > 0 ? `; ${more.join(", ")}` : ""}.`;
    return h(
      "li",
      {},
      bar(view, sum, view.share(sites[0][1])),
      h("p", {}, choose, placed(view, label), " has ", share, ", ", figure(view.value(sum)), rest),
    );
  });
  return hottestOnes(title, meaning(view), h("ol", { class: "hottest" }, ...items));
}

/** ` in libc.so.6`, unless the name says so. */
function placed(view: View, label: number): string {
  const binary = view.binaryName(label);
  return binary && !view.name(label).includes(binary) ? ` in ${binary}` : "";
}

/** A number that stays with its unit. */
function figure(text: string): HTMLElement {
  return h("span", { class: "figure" }, text);
}

/** `parse itself takes 34.2 % (33.1–35.3), 1.2 s; nearly all of it when called by main.` */
function sentence(view: View, label: number): (Node | string)[] {
  const { self, total } = view.answer.sums;
  const choose = chooser(view, label, "flame");
  const interval = view.interval(self[label]);
  const parts: (Node | string)[] = [
    choose,
    placed(view, label),
    " itself takes ",
    h("strong", {}, view.percent(self[label])),
    `${interval ? ` (${interval})` : ""}, `,
    figure(view.value(self[label])),
  ];
  if (total[label] > 1.05 * self[label]) {
    parts.push(", and ", figure(view.percent(total[label])), " with all it calls");
  }
  const around = view.around(label);
  if (around instanceof Promise) {
    const by = h("span", {});
    void around.then(
      ({ callers }) => by.append(...calledBy(view, label, callers[0])),
      () => by.append("; who calls it cannot be fetched"),
    );
    parts.push(by);
  } else {
    parts.push(...calledBy(view, label, around.callers[0]));
  }
  parts.push(".");
  return parts.filter((part) => part !== "");
}

/** `; mostly called by main`, or nothing. */
function calledBy(view: View, label: number, caller: Neighbour | undefined): (Node | string)[] {
  const total = view.answer.sums.total[label];
  if (!caller || caller.total < MOSTLY * total) {
    return [];
  }
  const by = chooser(view, caller.label, "flame");
  return ["; ", caller.total >= 0.95 * total ? "called by " : "mostly called by ", by];
}

/** Self weight by binary; of a heap, of those who ask for memory. */
function places(view: View): HTMLElement | null {
  const sums = new Map<string, number>();
  for (const [label, own] of ofHeap(view) ? asking(view) : view.answer.sums.self.entries()) {
    if (own > 0) {
      const name = view.binaryName(label) || "(no binary)";
      sums.set(name, (sums.get(name) ?? 0) + own);
    }
  }
  const rows = [...sums].sort((a, b) => b[1] - a[1]);
  if (rows.length === 0) {
    return null;
  }
  const longest = view.share(rows[0]?.[1] ?? 0);
  const items = rows
    .slice(0, PLACES)
    .map(([name, sum]) =>
      h(
        "tr",
        {},
        h("th", { scope: "row", title: name }, name),
        h("td", { class: "number" }, view.percent(sum)),
        h("td", {}, bar(view, sum, longest)),
      ),
    );
  const more = rows.length - items.length;
  return h(
    "section",
    { "aria-labelledby": "places" },
    h("h2", { id: "places" }, "In which binary"),
    h("table", { class: "places" }, ...items),
    more > 0 && h("p", { class: "quiet" }, `and ${more} more`),
  );
}

function notes(view: View): HTMLElement | null {
  const { notes } = view.profile.about;
  if (notes.length === 0) {
    return null;
  }
  const items = notes.map((text) => h("li", {}, text));
  return h(
    "details",
    { class: "notes", open: notes.length <= 3 },
    h("summary", {}, `Notes (${notes.length})`),
    h("ul", {}, ...items),
  );
}
