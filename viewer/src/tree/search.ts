/** Which functions a search means. */

import type { Profile } from "../data/profile";
import { Bits } from "./bits";
import { nameOf } from "./labels";
import { coveredBy, coveredByNodes } from "./sums";
import type { Tree } from "./tree";

export interface Found {
  /** By label: 1 if it matches. */
  matches: Uint8Array;
  /** How many labels of the tree match. */
  functions: number;
  /** What their subtrees weigh together. */
  weight: number;
}

/** Reads a search as a regular expression, in any case unless it has capitals; null if it is none. */
export function pattern(search: string): RegExp | null {
  try {
    return new RegExp(search, /[A-Z]/.test(search) ? "" : "i");
  } catch {
    return null;
  }
}

/** Finds the functions of a tree whose names match. */
export function find(profile: Profile, tree: Tree, labels: number, wanted: RegExp, fold: boolean): Found {
  const places = placesOf(tree, labels);
  const matches = matching(profile, places, labels, wanted, fold);
  let functions = 0;
  let nodes = 0;
  for (let label = 0; label < labels; label++) {
    if (matches[label]) {
      functions++;
      nodes += places.starts[label + 1] - places.starts[label];
    }
  }
  const isRare = nodes < tree.count / RARE;
  return {
    matches,
    functions,
    weight: isRare ? coveredByFew(tree, places, matches) : coveredBy(tree, matches),
  };
}

/** Without a letter that means something else in a regular expression. */
const LETTERS = /^[^\\^$.*+?()[\]{}|]+$/;

/** By label of the tree: 1 if its name matches. */
function matching(
  profile: Profile,
  { labels: used }: Places,
  labels: number,
  wanted: RegExp,
  fold: boolean,
): Uint8Array {
  const { functions, texts } = profile;
  const texted = LETTERS.test(wanted.source) ? texts.having(wanted) : null;
  const rows = fold ? functions.folded : functions.name;
  const matches = new Uint8Array(labels);
  for (const label of used) {
    const isFound =
      texted && label < functions.count
        ? texted[rows[label]] === 1
        : wanted.test(nameOf(profile, label, fold));
    matches[label] = isFound ? 1 : 0;
  }
  return matches;
}

/** Gets a tree ready to be searched: the first letter is not to wait for it. */
export function prepare(tree: Tree, labels: number): void {
  placesOf(tree, labels);
}

/** Where the labels of a tree are. */
interface Places {
  /** Those that are in it. */
  labels: Uint32Array;
  /** Nodes by label: those of label `l` are at `starts[l]` to before `starts[l + 1]`, in order. */
  nodes: Uint32Array;
  starts: Uint32Array;
}

/** Of trees that were searched: a search is many, letter by letter. */
const known = new WeakMap<Tree, Places>();

function placesOf(tree: Tree, labels: number): Places {
  let places = known.get(tree);
  if (!places) {
    places = byLabel(tree, labels);
    known.set(tree, places);
  }
  return places;
}

function byLabel({ label, count }: Tree, labels: number): Places {
  const starts = new Uint32Array(labels + 1);
  for (let node = 0; node < count; node++) {
    starts[label[node] + 1]++;
  }
  const used = Uint32Array.from(starts.keys()).filter((at) => at < labels && starts[at + 1] > 0);
  for (let at = 0; at < labels; at++) {
    starts[at + 1] += starts[at];
  }
  const next = starts.slice();
  const nodes = new Uint32Array(count);
  for (let node = 0; node < count; node++) {
    nodes[next[label[node]]++] = node;
  }
  return { labels: used, nodes, starts };
}

/** Of so many nodes one may match for the matching ones to be looked at in place of all. */
const RARE = 8;

/** What the subtrees of few matching nodes weigh together. */
function coveredByFew(tree: Tree, { labels, nodes, starts }: Places, matches: Uint8Array): number {
  const found = new Bits(tree.count);
  for (const label of labels) {
    if (matches[label]) {
      for (let at = starts[label]; at < starts[label + 1]; at++) {
        found.add(nodes[at]);
      }
    }
  }
  return coveredByNodes(tree, found);
}
