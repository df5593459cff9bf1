/** The selected function: what it weighs, who calls it, what it calls. */

import { fitted } from "../flame/names";
import { sameQuery } from "../state/state";
import type { Neighbour } from "../tree/sums";
import { button, h, refresh } from "../ui/dom";
import type { Around } from "../work/source";
import { bar } from "./bar";
import { selfChange } from "./functions";
import type { View } from "./view";

const SHOWN = 12;
/** Letters that a neighbour's name has room for. */
const NAME = 25;

export class Details {
  readonly element = h("aside", { class: "details", "aria-label": "Selected function", tabindex: -1 });

  private shown: View | null = null;

  show(view: View): void {
    const before = this.shown;
    this.shown = view;
    if (before && isSame(view, before) && this.isSettled) {
      return;
    }
    this.element.removeAttribute("aria-busy");
    const label = view.selected;
    if (label < 0 || !view.isFunction(label)) {
      this.element.hidden = true;
      return;
    }
    this.element.hidden = false;
    const around = view.around(label);
    if (around instanceof Promise) {
      void this.wait(view, label, around);
    } else {
      refresh(this.element, ...contents(view, label, around));
    }
  }

  /** Whether all of it is there: what failed is asked again. */
  private get isSettled(): boolean {
    return !this.element.hasAttribute("aria-busy") && !this.element.querySelector(".failure");
  }

  /** What was shown stays until the server has answered, unless something else is to be shown by then. */
  private async wait(view: View, label: number, coming: Promise<Around>): Promise<void> {
    this.element.setAttribute("aria-busy", "true");
    const shown = await coming.then(
      (around) => contents(view, label, around),
      (error) => [h("p", { class: "failure", role: "alert" }, `This cannot be shown: ${String(error)}`)],
    );
    if (this.shown === view) {
      refresh(this.element, ...shown);
      this.element.removeAttribute("aria-busy");
    }
  }
}

/** Whether the same function stands in the same answer: then nothing here is another one. */
function isSame(view: View, before: View): boolean {
  return (
    view.answer === before.answer &&
    view.state.selected === before.state.selected &&
    sameQuery(view.state, before.state)
  );
}

function contents(view: View, label: number, { callers, callees }: Around): Node[] {
  const { store, state } = view;
  const { self, total } = view.answer.sums;
  const close = button("×", () => store.change({ selected: -1 }), {
    class: "close",
    "aria-label": "Close",
    name: "close",
  });
  const place = [view.location(label), view.binary(label)].filter(Boolean);
  return [
    h("div", { class: "title" }, h("h2", {}, view.name(label)), close),
    ...place.map((text) => h("p", { class: "quiet path" }, text)),
    ...changes(view, label),
    h("table", { class: "two" }, amount(view, "Self", self[label]), amount(view, "Total", total[label])),
    h(
      "div",
      { class: "actions" },
      button("Focus", () => store.change({ focus: [...state.focus, label], zoom: [0, 1] }), {
        name: "focus",
        title: "Only stacks through it",
      }),
      button("Hide", () => store.change({ hide: [...state.hide, label], zoom: [0, 1] }), {
        name: "hide",
        title: "Leave its frames out",
      }),
      button("Source", () => store.change({ panel: "source" }), { name: "source" }),
    ),
    ...list(view, "Called by", callers, total[label]),
    ...list(view, "Calls", callees, total[label]),
  ];
}

/** How its own weight and its total have changed. */
function changes(view: View, label: number): Node[] {
  const { sums, others } = view.answer;
  if (!others) {
    return [];
  }
  const total = view.difference(sums.total[label], others.sums.total[label]);
  return [
    h("p", {}, `Self: ${view.changed(selfChange(view, others, label))}`),
    h("p", {}, `Total: ${view.changed(total)}`),
  ];
}

function amount(view: View, name: string, value: number): HTMLElement {
  const interval = view.interval(value);
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, name),
    h("td", { class: "number" }, view.percent(value)),
    h("td", { class: "number quiet" }, interval),
    h("td", { class: "number" }, view.value(value)),
  );
}

/** Functions beside it; bars are relative to its total. */
function list(view: View, title: string, found: Neighbour[], whole: number): Node[] {
  if (found.length === 0) {
    return [h("h3", {}, title), h("p", { class: "quiet" }, "nothing")];
  }
  const rows = found.slice(0, SHOWN).map(({ label, total }) => {
    const choose = button(fitted(view.name(label), NAME), () => view.store.change({ selected: label }), {
      class: "link",
      disabled: !view.isFunction(label),
      title: view.name(label),
    });
    return h(
      "li",
      {},
      h("span", { class: "number" }, view.percent(total)),
      bar(view, total, view.share(whole)),
      choose,
    );
  });
  const more = found.length - rows.length;
  return [
    h("h3", {}, title),
    h("ul", { class: "neighbours" }, ...rows),
    ...(more > 0 ? [h("p", { class: "quiet" }, `and ${more} more`)] : []),
  ];
}
