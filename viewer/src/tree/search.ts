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
  const seen = new Uint8Array(labels);
  let functions = 0;
  for (const label of tree.label) {
    if (seen[label] === 0) {
      seen[label] = 1;
      matches[label] = wanted.test(nameOf(profile, label, fold)) ? 1 : 0;
      functions += matches[label];
    }
  }
  return { matches, functions, weight: coveredBy(tree, matches) };
}
