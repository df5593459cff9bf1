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
  const grower = new Grower();
  let level = leaves(tree);
  while (level.count > 0) {
    const nodes = climb(tree, level, grower);
    level = callers(tree, level, nodes, grower.total, least * tree.whole);
  }
  return grower.grown();
}

/** Where paths stand: in the tree, in the inverted tree, and what each brings along. */
interface Level {
  count: number;
  at: Uint32Array;
  parent: Int32Array;
  value: Float64Array;
}

function leaves(tree: Tree): Level {
  const at = new Uint32Array(tree.count);
  const value = new Float64Array(tree.count);
  let count = 0;
  for (let node = 0; node < tree.count; node++) {
    if (tree.self[node] !== 0) {
      at[count] = node;
      value[count++] = tree.self[node];
    }
  }
  return { count, at, parent: new Int32Array(count).fill(-1), value };
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
  }
  return nodes;
}

/** The paths that go on. */
function callers(tree: Tree, level: Level, nodes: Int32Array, total: Float64Array, least: number): Level {
  let count = 0;
  for (let path = 0; path < level.count; path++) {
    const above = tree.parent[level.at[path]];
    if (above >= 0 && total[nodes[path]] >= least) {
      level.at[count] = above;
      level.parent[count] = nodes[path];
      level.value[count++] = level.value[path];
    }
  }
  return { ...level, count };
}
