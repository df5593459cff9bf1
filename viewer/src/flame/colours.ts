/** Colours of boxes: one a group, the same in the legend. Nothing is told by colour alone. */

import { KERNEL } from "../data/profile";
import type { View } from "../panels/view";
import { fileName } from "../ui/dom";

/** Groups with a colour of their own: those that take the most room in the graph. The others are grey. */
const GROUPS = 11;
const HUES = [32, 212, 150, 268, 88, 340, 185, 56, 300, 120, 240];
const GREY = HUES.length;
const SHADES = 3;

export interface Group {
  name: string;
  /** Its own weight. */
  self: number;
  colour: number;
}

export interface Colouring {
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
  return colours;
}

/** The shade in the middle: what the legend shows. */
export function swatch(colour: number, dark: boolean): string {
  return palette(dark)[colour * SHADES + 1];
}

export function colouring(view: View): Colouring {
  return view.state.colour === "kind" ? byKind(view) : byGroup(view);
}

function byGroup(view: View): Colouring {
  const key = groupKey(view);
  const { tree, sums } = view.answer;
  const colours = coloursOf(sumsBy(key, tree.label, tree.total));
  const own = sumsBy(
    key,
    Uint32Array.from(sums.self, (_, label) => label),
    sums.self,
  );
  const rest = { name: "other", self: 0, colour: GREY };
  const legend: Group[] = [];
  for (const [group, self] of own) {
    const colour = colours.get(group);
    if (colour === undefined) {
      rest.self += self;
    } else {
      legend.push({ name: groupName(view, group), self, colour });
    }
  }
  const known: number[] = [];
  return {
    of(_, label) {
      known[label] ??= (colours.get(key(label)) ?? GREY) * SHADES + (hash(view.plainName(label)) % SHADES);
      return known[label];
    },
    legend: [...legend.sort((a, b) => b.self - a.self), rest],
  };
}

function sumsBy(
  key: (label: number) => number,
  labels: Uint32Array,
  values: Float64Array,
): Map<number, number> {
  const sums = new Map<number, number>();
  for (let row = 0; row < labels.length; row++) {
    if (values[row] !== 0) {
      const group = key(labels[row]);
      sums.set(group, (sums.get(group) ?? 0) + values[row]);
    }
  }
  return sums;
}

/** Colours for the groups that take the most room. */
function coloursOf(areas: Map<number, number>): Map<number, number> {
  const largest = [...areas].filter(([group]) => group !== OTHER).sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return new Map(largest.slice(0, GROUPS).map(([group], colour) => [group, colour]));
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
    of: (node, label) => KIND_HUES[of(node, label)] * SHADES + (hash(view.plainName(label)) % SHADES),
    legend: legend.filter(({ self }) => self > 0).sort((a, b) => b.self - a.self),
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
