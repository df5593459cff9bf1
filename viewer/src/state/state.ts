/** What is being looked at. It is all in the address, so that a link shows the same, and "back" is undo. */

import { EVERYTHING, type Order, type Query } from "../tree/query";

export const PANELS = [
  "overview",
  "flame",
  "functions",
  "tree",
  "source",
  "threads",
  "heat",
  "counters",
  "heap",
] as const;
export type PanelName = (typeof PANELS)[number];
export const COLOURS = ["crate", "binary", "kind", "function", "difference"] as const;
export type Colour = (typeof COLOURS)[number];
export const SORTS = ["self", "total", "name"] as const;
export type Sort = (typeof SORTS)[number];

export interface State extends Query {
  panel: PanelName;
  colour: Colour;
  /** Roots at the top. */
  icicle: boolean;
  search: string;
  sort: Sort;
  /** Row of a function, or -1. */
  selected: number;
  /** The part of the flame graph's width that is shown, 0 to 1. */
  zoom: [number, number];
  /** Row of the time series that is drawn large. */
  series: number;
}

export const START: State = {
  ...EVERYTHING,
  panel: "overview",
  colour: "crate",
  icicle: true,
  search: "",
  sort: "self",
  selected: -1,
  zoom: [0, 1],
  series: 0,
};

/** Whether two states ask the same of the profile. */
export function sameQuery(a: Query, b: Query): boolean {
  return (Object.keys(EVERYTHING) as (keyof Query)[]).every((key) => String(a[key]) === String(b[key]));
}

/** What follows `#`: only what is not as at the start. */
export function toAddress(state: State, start = START): string {
  const parts = new URLSearchParams();
  for (const key of Object.keys(start) as (keyof State)[]) {
    const text = written(state[key]);
    // What is compared with follows from the metric.
    if (key !== "against" && text !== written(start[key])) {
      parts.set(key, text);
    }
  }
  return parts.toString();
}

function written(value: State[keyof State]): string {
  if (Array.isArray(value)) {
    return value.map((number) => String(Number(number.toPrecision(9)))).join("_");
  }
  return String(value ?? "");
}

/** Numbers of rows that an address may name. */
export interface Limits {
  metrics: number;
  functions: number;
  threads: number;
  series: number;
}

/** The state of an address; what makes no sense is as at the start. */
export function fromAddress(address: string, limits: Limits, start = START): State {
  const parts = new URLSearchParams(address.replace(/^#/, ""));
  const flag = (key: keyof State) => (parts.has(key) ? parts.get(key) === "true" : (start[key] as boolean));
  const rows = (key: keyof State, end: number) =>
    numbers(parts.get(key)).filter((row) => Number.isInteger(row) && row >= 0 && row < end);
  return {
    panel: oneOf(PANELS, parts.get("panel"), start.panel),
    colour: oneOf(COLOURS, parts.get("colour"), start.colour),
    sort: oneOf(SORTS, parts.get("sort"), start.sort),
    order: oneOf<Order>(["weight", "name", "time"], parts.get("order"), start.order),
    search: parts.get("search") ?? "",
    metric: rows("metric", limits.metrics)[0] ?? start.metric,
    against: start.against,
    selected: rows("selected", limits.functions)[0] ?? start.selected,
    series: rows("series", limits.series)[0] ?? start.series,
    focus: rows("focus", limits.functions),
    hide: rows("hide", limits.functions),
    threads: rows("threads", limits.threads),
    time: span(parts.get("time"), Number.POSITIVE_INFINITY),
    zoom: span(parts.get("zoom"), 1) ?? start.zoom,
    icicle: flag("icicle"),
    inverted: flag("inverted"),
    fold: flag("fold"),
    runtime: flag("runtime"),
    recursion: flag("recursion"),
  };
}

function oneOf<T extends string>(known: readonly T[], text: string | null, otherwise: T): T {
  return known.find((one) => one === text) ?? otherwise;
}

function numbers(text: string | null): number[] {
  return text ? text.split("_").map(Number).filter(Number.isFinite) : [];
}

function span(text: string | null, most: number): [number, number] | null {
  const [start, end] = numbers(text);
  return start >= 0 && end > start && end <= most ? [start, end] : null;
}
