/** Which functions a search means. */

import type { Profile } from "../data/profile";
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
  const matches = new Uint8Array(labels);
  const found = places.labels.filter((label) => wanted.test(nameOf(profile, label, fold)));
  for (const label of found) {
    matches[label] = 1;
  }
  return { matches, functions: found.length, weight: covered(tree, places, matches, found) };
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

/** Of how many nodes one may match for the matching ones to be looked at in place of all. */
const RARE = 16;

function covered(tree: Tree, places: Places, matches: Uint8Array, found: Uint32Array): number {
  const parts = Array.from(found, (label) =>
    places.nodes.subarray(places.starts[label], places.starts[label + 1]),
  );
  const count = parts.reduce((sum, part) => sum + part.length, 0);
  if (count > tree.count / RARE) {
    return coveredBy(tree, matches);
  }
  const nodes = new Uint32Array(count);
  let end = 0;
  for (const part of parts) {
    nodes.set(part, end);
    end += part.length;
  }
  return coveredByNodes(tree, parts.length > 1 ? nodes.sort() : nodes);
}
