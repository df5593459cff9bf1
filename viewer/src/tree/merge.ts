/** Nodes that are called the same below the same parent become one. */

import type { Nodes } from "../data/profile";
import { Grower } from "./grower";
import type { Labels } from "./labels";
import type { Query } from "./query";
import { addUp, type Grown } from "./tree";

/** Values of the nodes, and of all below them. */
export interface Values {
  self: Float64Array;
  totals: Float64Array;
}

/** The tree of the nodes that weigh anything, as the query puts frames together; `other` is what is compared with. */
export function merge(
  nodes: Nodes,
  { self, totals }: Values,
  other: Values | null,
  labels: Labels,
  query: Query,
): Grown {
  const grower = new Grower(other !== null);
  const place = placing(nodes, grower, labels, query);
  for (let node = 0; node < nodes.count; node++) {
    if (totals[node] === 0 && !other?.totals[node]) {
      node = nodes.end[node] - 1;
      continue;
    }
    const at = place(node, self[node] !== 0 || Boolean(other?.self[node]));
    if (at >= 0) {
      grower.self[at] += self[node];
      grower.inlined[at] &= nodes.inlined[node];
      if (other) {
        grower.otherSelf[at] += other.self[node];
      }
    }
  }
  const grown = grower.grown();
  return {
    ...grown,
    total: addUp(grown.parent, grown.self),
    other: grown.other && { self: grown.other.self, total: addUp(grown.parent, grown.other.self) },
  };
}

/**
 * From a node to the one that it becomes, asked for in depth-first order. -1: it is hidden and has no caller; `ends`
 * says that samples end in it, which must end somewhere.
 */
function placing(nodes: Nodes, grower: Grower, labels: Labels, query: Query) {
  const placed = new Int32Array(nodes.count);
  const hidden = new Set(query.hide.map((row) => labels.of[row]));
  const recursion = query.recursion ? outermost(labels.count) : null;
  return (node: number, ends: boolean): number => {
    const above = nodes.parent[node] < 0 ? -1 : placed[nodes.parent[node]];
    const label = labels.of[nodes.function[node]];
    const isRuntime = query.runtime && label === labels.runtime;
    const known = recursion?.find(label, node) ?? -1;
    if (known >= 0) {
      placed[node] = known;
    } else if (hidden.has(label) && (above >= 0 || !ends)) {
      placed[node] = above;
    } else if (isRuntime && above >= 0 && grower.label[above] === label) {
      placed[node] = above;
    } else {
      placed[node] = grower.child(above, label);
      recursion?.enter(label, nodes.end[node], placed[node]);
    }
    return placed[node];
  };
}

/** The outermost node of each label on the way from the root. */
function outermost(labels: number) {
  const until = new Uint32Array(labels);
  const place = new Int32Array(labels);
  return {
    find: (label: number, node: number) => (node < until[label] ? place[label] : -1),
    enter(label: number, end: number, at: number) {
      until[label] = end;
      place[label] = at;
    },
  };
}
