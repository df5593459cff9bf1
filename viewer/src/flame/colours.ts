/** Colours of boxes: one a group, the same in the legend. Nothing is told by colour alone. */

import { KERNEL } from "../data/profile";
import type { View } from "../panels/view";
import type { Colour } from "../state/state";
import { fileName } from "../ui/dom";

/** Groups with a colour of their own: those that take the most room in the graph. The others are grey. */
const GROUPS = 11;
const HUES = [32, 212, 150, 268, 88, 340, 185, 56, 300, 120, 240];
const GREY = HUES.length;
const SHADES = 3;

export interface Group {
  name: string;
  /** Its own weight. */
  text: string;
  /** An index of the palette. */
  colour: number;
}

export interface Colouring {
  /** What is coloured, and the hue of each group. */
  by: Colour;
  hues: Map<number, number>;
  /** An index of the palette. */
  of(node: number, label: number): number;
  /** The heaviest first. */
  legend: Group[];
}

/** Fills for boxes: three shades of each hue, so that neighbours of one group are told apart. */
export function palette(dark: boolean): string[] {
  const colours: string[] = [];
  for (let hue = 0; hue <= HUES.length; hue++) {
    for (let shade = 0; shade < SHADES; shade++) {
      const lightness = dark ? 36 + 4 * shade : 86 - 4 * shade;
      const chroma = hue === GREY ? 0.005 : dark ? 0.075 : 0.085;
      colours.push(`oklch(${lightness}% ${chroma} ${HUES[hue] ?? 0})`);
    }
  }
  return [...colours, ...differencePalette(dark)];
}

/** The shade in the middle: what the legend shows. */
const middle = (hue: number) => hue * SHADES + 1;

/** Groups that were there `before` keep their hues: what is filtered must be known again. */
export function colouring(view: View, before: Colouring | null = null): Colouring {
  if (view.state.colour === "difference" && view.answer.tree.other) {
    return byDifference(view, view.answer.tree.other.total);
  }
  return view.state.colour === "kind" ? byKind(view) : byGroup(view, before);
}

/** From much less to much more; in the middle what has not changed, or may be noise. */
export const STEPS = 3;
const CHANGES = 2 * STEPS + 1;
/** A change of this part of a node has the strongest colour. */
const STRONGEST = 0.5;

/** How a node has changed: from -{@link STEPS}, much less, to {@link STEPS}, much more; 0 if not beyond noise. */
export function stepOf(view: View, shown: number, other: number): number {
  const { by, before, after, isReal } = view.difference(shown, other);
  const part = Math.abs(by) / (Math.max(before, after) || 1);
  return isReal ? Math.sign(by) * Math.min(STEPS, 1 + Math.floor((part / STRONGEST) * STEPS)) : 0;
}

function byDifference(view: View, others: Float64Array): Colouring {
  const { tree } = view.answer;
  const first = (HUES.length + 1) * SHADES;
  const at = (step: number) => first + STEPS + step;
  const whole = view.difference(view.answer.whole, view.answer.others?.whole ?? 0);
  return {
    by: "difference",
    hues: new Map(),
    of: (node) => at(stepOf(view, tree.total[node], others[node])),
    legend: [
      { name: "▲ more", text: "", colour: at(STEPS) },
      { name: "▼ less", text: "", colour: at(-STEPS) },
      { name: "no change beyond noise", text: "", colour: at(0) },
      {
        name: "in all",
        text: view.changed(whole),
        colour: at(stepOf(view, view.answer.whole, view.answer.others?.whole ?? 0)),
      },
    ],
  };
}

function differencePalette(dark: boolean): string[] {
  return Array.from({ length: CHANGES }, (_, index) => {
    const step = index - STEPS;
    const strength = Math.abs(step) / STEPS;
    const lightness = dark ? 36 + 10 * strength : 90 - 16 * strength;
    return `oklch(${lightness}% ${0.12 * strength} ${step > 0 ? 45 : 245})`;
  });
}

function byGroup(view: View, before: Colouring | null): Colouring {
  const by = view.state.colour;
  const key = groupKey(view);
  const { tree, sums } = view.answer;
  const areas = view.answer.areas ?? byLabel(tree.label, tree.total, view.labels.count);
  const room = sumsBy(key, areas);
  const colours = coloursOf(room, before?.by === by ? before.hues : new Map());
  const known: number[] = [];
  return {
    by,
    hues: new Map([...(before?.by === by ? before.hues : []), ...colours]),
    of(_, label) {
      known[label] ??= (colours.get(key(label)) ?? GREY) * SHADES + (hash(view.plainName(label)) % SHADES);
      return known[label];
    },
    legend: explained(view, colours, room, sumsBy(key, sums.self)),
  };
}

/** Every colour, also of what only calls others: of a heap, that is all but the allocator. */
function explained(
  view: View,
  colours: Map<number, number>,
  room: Map<number, number>,
  own: Map<number, number>,
): Group[] {
  const named = [...colours].map(([group, colour]): Named => {
    const isText = group >= 0 && view.state.colour !== "function";
    const isPath = isText && view.profile.texts.at(group).includes("/");
    return { name: groupName(view, group), self: own.get(group) ?? 0, colour, isPath };
  });
  tellApart(named);
  named.sort((a, b) => b.self - a.self);
  const others = [...room.keys()].filter((group) => !colours.has(group));
  const self = others.reduce((sum, group) => sum + (own.get(group) ?? 0), 0);
  const rest = others.length > 0 ? [{ name: "other", self, colour: GREY }] : [];
  return [...named, ...rest].map((one) => group(view, one));
}

/** A program and its crate may have one name: what is not of the crate is of the binary. */
function tellApart(named: Named[]): void {
  for (const one of named.filter(({ isPath }) => isPath)) {
    if (named.some(({ name, isPath }) => name === one.name && !isPath)) {
      one.name += " (binary)";
    }
  }
}

interface Named extends Weight {
  /** Whether it is named after a file. */
  isPath: boolean;
}

interface Weight {
  name: string;
  self: number;
  /** Row of a hue. */
  colour: number;
}

/** What weighs less has no number, and is not explained if it has no colour of its own. */
const LEAST = 0.001;

function groups(view: View, weights: Weight[]): Group[] {
  return weights.filter(({ self }) => view.share(self) >= LEAST).map((one) => group(view, one));
}

function group(view: View, { name, self, colour }: Weight): Group {
  return { name, text: view.share(self) >= LEAST ? view.percent(self) : "", colour: middle(colour) };
}

/** What the nodes of each label weigh together: the room that they take. */
function byLabel(labels: Uint32Array, values: Float64Array, count: number): Float64Array {
  const sums = new Float64Array(count);
  for (let node = 0; node < labels.length; node++) {
    sums[labels[node]] += values[node];
  }
  return sums;
}

/** Sums of labels by group. */
function sumsBy(key: (label: number) => number, values: Float64Array): Map<number, number> {
  const sums = new Map<number, number>();
  for (let label = 0; label < values.length; label++) {
    if (values[label] !== 0) {
      const group = key(label);
      sums.set(group, (sums.get(group) ?? 0) + values[label]);
    }
  }
  return sums;
}

/** Colours for the groups that take the most room: those that they had, or the first that is free. */
function coloursOf(areas: Map<number, number>, before: Map<number, number>): Map<number, number> {
  const largest = [...areas].filter(([group]) => group !== OTHER).sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  const groups = largest.slice(0, GROUPS).map(([group]) => group);
  const colours = new Map<number, number>();
  const taken = new Set<number>();
  const give = (group: number, colour: number | undefined) => {
    if (colour !== undefined && !taken.has(colour)) {
      taken.add(colour);
      colours.set(group, colour);
    }
  };
  for (const group of groups) {
    give(group, before.get(group));
  }
  const free = Array.from({ length: GROUPS }, (_, colour) => colour).filter((colour) => !taken.has(colour));
  for (const group of groups.filter((one) => !colours.has(one))) {
    give(group, free.shift());
  }
  return colours;
}

/** Groups are numbers, for there may be a million: rows of texts, and these. */
const OTHER = -1;
const KERNEL_GROUP = -2;

function groupKey(view: View): (label: number) => number {
  const { kind, namespace, binary } = view.profile.functions;
  switch (view.state.colour) {
    case "function":
      return (label) => label;
    case "binary":
      return (label) => (view.isFunction(label) && binary[label]) || OTHER;
    default:
      return (label) => {
        if (!view.isFunction(label)) {
          return OTHER;
        }
        return kind[label] === KERNEL ? KERNEL_GROUP : namespace[label] || binary[label] || OTHER;
      };
  }
}

function groupName(view: View, group: number): string {
  if (group === KERNEL_GROUP) {
    return "kernel";
  }
  return view.state.colour === "function" ? view.name(group) : fileName(view.profile.texts.at(group));
}

const KINDS = ["native", "kernel", "jit", "unknown", "inlined"];
const KIND_HUES = [1, 5, 3, GREY, 0];

function byKind(view: View): Colouring {
  const { kind } = view.profile.functions;
  const { tree } = view.answer;
  const of = (node: number, label: number) => {
    const inlined = tree.inlined[node] === 1;
    return inlined ? 4 : view.isFunction(label) ? Math.min(kind[label], 3) : 0;
  };
  const sums = [0, 0, 0, 0, 0];
  for (let node = 0; node < tree.count; node++) {
    sums[of(node, tree.label[node])] += tree.self[node];
  }
  const legend = KINDS.map((name, row) => ({ name, self: sums[row], colour: KIND_HUES[row] }));
  return {
    by: "kind",
    hues: new Map(),
    of: (node, label) => KIND_HUES[of(node, label)] * SHADES + (hash(view.plainName(label)) % SHADES),
    legend: groups(
      view,
      legend.sort((a, b) => b.self - a.self),
    ),
  };
}

/** FNV-1a of the first letters. */
function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (let at = 0; at < Math.min(text.length, 100); at++) {
    sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
  }
  return sum >>> 0;
}
