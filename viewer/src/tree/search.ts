/** Which functions a search means. */

import type { Profile } from "../data/profile";
import { nameOf } from "./labels";
import { coveredBy } from "./sums";
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
  const matches = new Uint8Array(labels);
  let functions = 0;
  for (const label of labelsIn(tree, labels)) {
    matches[label] = wanted.test(nameOf(profile, label, fold)) ? 1 : 0;
    functions += matches[label];
  }
  return { matches, functions, weight: coveredBy(tree, matches) };
}

/** The labels of trees that were searched: a search is many, letter by letter. */
const known = new WeakMap<Tree, Uint32Array>();

function labelsIn(tree: Tree, labels: number): Uint32Array {
  let found = known.get(tree);
  if (!found) {
    const seen = new Uint8Array(labels);
    for (let node = 0; node < tree.count; node++) {
      seen[tree.label[node]] = 1;
    }
    found = Uint32Array.from(seen.keys()).filter((label) => seen[label] === 1);
    known.set(tree, found);
  }
  return found;
}
