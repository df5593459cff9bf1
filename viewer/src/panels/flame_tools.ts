/** What stands above the flame graph and the call tree: how frames are put together and drawn. */

import { COLOURS, type Colour, type State } from "../state/state";
import type { Order } from "../tree/query";
import { button, h, on } from "../ui/dom";
import type { View } from "./view";

const COLOUR_NAMES: Record<Colour, string> = {
  crate: "crate",
  binary: "binary",
  kind: "kernel, inlined",
  function: "function",
  difference: "difference",
};

/** What the tools show: where two views have the same, they are the same tools. */
export function toolsOf({ state, pair, profile }: View): string {
  const { inverted, icicle, recursion, fold, runtime, order, colour } = state;
  const flags = [inverted, icicle, recursion, fold, runtime, isZoomed(state), pair !== null];
  return [...flags, order, colour, profile.samples !== null].join(" ");
}

function isZoomed({ zoom }: State): boolean {
  return zoom[0] !== 0 || zoom[1] !== 1;
}

export function flameTools(view: View): Node[] {
  const { state, store } = view;
  return [
    toggle(
      view,
      "inverted",
      "From the leaves",
      "Roots are the functions that samples end in; above them their callers",
    ),
    toggle(view, "icicle", "Root on top", "Icicles hang from the root, flames rise from it"),
    ...grouping(view),
    choice<Order>("Order", orders(view), state.order, (order) => store.change({ order, zoom: [0, 1] })),
    choice<Colour>(
      "Colour",
      COLOURS.filter((name) => name !== "difference" || view.pair).map((name) => [name, COLOUR_NAMES[name]]),
      state.colour,
      (colour) => store.change({ colour }),
    ),
    button("Zoom out", () => store.change({ zoom: [0, 1] }), {
      hidden: !isZoomed(state),
    }),
  ];
}

/** The switches that the call tree has too. */
export function grouping(view: View): Node[] {
  return [
    toggle(
      view,
      "recursion",
      "Collapse recursion",
      "A function that calls itself, directly or not, is one frame",
    ),
    toggle(view, "fold", "Fold generics", "Instances of a generic function are one"),
    toggle(
      view,
      "runtime",
      "Collapse runtime",
      "What starts programs and threads and unwinds panics is one frame",
    ),
  ];
}

function orders(view: View): [Order, string][] {
  const always: [Order, string][] = [
    ["weight", "heaviest first"],
    ["name", "name"],
  ];
  return view.profile.samples && !view.state.inverted ? [...always, ["time", "time"]] : always;
}

type Flag = "inverted" | "icicle" | "fold" | "runtime" | "recursion";

export function toggle(view: View, key: Flag, text: string, title: string): HTMLElement {
  const box = on(h("input", { type: "checkbox", name: key, checked: view.state[key] }), {
    change: () => {
      const change: Partial<State> = { [key]: !view.state[key] };
      view.store.change(key === "icicle" ? change : { ...change, zoom: [0, 1] });
    },
  });
  return h("label", { class: "toggle", title }, box, text);
}

export function choice<T extends string>(
  text: string,
  options: [T, string][],
  chosen: T,
  choose: (value: T) => void,
): HTMLElement {
  const select = h("select", { name: text.toLowerCase() });
  for (const [value, name] of options) {
    select.append(h("option", { value, selected: value === chosen }, name));
  }
  on(select, { change: () => choose(select.value as T) });
  return h("label", { class: "choice" }, text, select);
}
