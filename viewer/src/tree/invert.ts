/** The tree read from its leaves: the roots are where samples end, children are callers. */

import { Grower } from "./grower";
import type { Grown, Tree } from "./tree";

/** Callers of what weighs less than this share of the whole are not grown: a tenth of a pixel on any screen. */
export const LEAST = 1 / 50_000;

/**
 * Grown level by level from a tree in which frames are put together already. An inverted tree has a node for every
 * pair of a stack and one of its prefixes; nearly all of these weigh next to nothing, and their own callers are left
 * out. The nodes keep their totals.
 */
export function invert(tree: Tree, least = LEAST): Grown {
  const grower = new Grower(tree.other !== null);
  let level = leaves(tree);
  while (level.count > 0) {
    const nodes = climb(tree, level, grower);
    level = callers(tree, level, nodes, grower, least * tree.whole);
  }
  return grower.grown();
}

/** Where paths stand: in the tree, in the inverted tree, and what each brings along. */
interface Level {
  count: number;
  at: Uint32Array;
  parent: Int32Array;
  value: Float64Array;
  /** Of the metric that is compared with. */
  other: Float64Array;
}

function leaves(tree: Tree): Level {
  const at = new Uint32Array(tree.count);
  const value = new Float64Array(tree.count);
  const other = new Float64Array(tree.other ? tree.count : 0);
  let count = 0;
  for (let node = 0; node < tree.count; node++) {
    const against = tree.other?.self[node] ?? 0;
    if (tree.self[node] !== 0 || against !== 0) {
      at[count] = node;
      value[count] = tree.self[node];
      if (tree.other) {
        other[count] = against;
      }
      count++;
    }
  }
  return { count, at, parent: new Int32Array(count).fill(-1), value, other };
}

/** Adds a node for each path; their numbers. */
function climb(tree: Tree, level: Level, grower: Grower): Int32Array {
  const nodes = new Int32Array(level.count);
  for (let path = 0; path < level.count; path++) {
    const at = level.at[path];
    const node = grower.child(level.parent[path], tree.label[at]);
    nodes[path] = node;
    grower.total[node] += level.value[path];
    grower.inlined[node] &= tree.inlined[at];
    if (tree.parent[at] < 0) {
      grower.self[node] += level.value[path];
    }
    if (tree.other) {
      grower.otherTotal[node] += level.other[path];
      grower.otherSelf[node] += tree.parent[at] < 0 ? level.other[path] : 0;
    }
  }
  return nodes;
}

/** The paths that go on. */
function callers(tree: Tree, level: Level, nodes: Int32Array, grower: Grower, least: number): Level {
  let count = 0;
  for (let path = 0; path < level.count; path++) {
    const above = tree.parent[level.at[path]];
    const against = tree.other ? grower.otherTotal[nodes[path]] : 0;
    if (above >= 0 && Math.max(grower.total[nodes[path]], against) >= least) {
      level.at[count] = above;
      level.parent[count] = nodes[path];
      level.value[count] = level.value[path];
      if (tree.other) {
        level.other[count] = level.other[path];
      }
      count++;
    }
  }
  return { ...level, count };
}
