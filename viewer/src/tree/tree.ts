/** A tree that is drawn: columns in depth-first order, with the place of each node. */

import { relate } from "../data/profile";

/** Nodes as they were made, parents before children. */
export interface Grown {
  label: Uint32Array;
  parent: Int32Array;
  self: Float64Array;
  total: Float64Array;
  inlined: Uint8Array;
  /** Self and total of the metric that is compared with; null if none is. */
  other: { self: Float64Array; total: Float64Array } | null;
}

export interface Tree extends Grown {
  count: number;
  depth: Uint32Array;
  /** One past the last node below. */
  end: Uint32Array;
  /** Left edge, in the metric's unit. */
  start: Float64Array;
  /** The nodes of each depth, from left to right: those of depth `d` are `rows[rowStarts[d]]` and on. */
  rows: Uint32Array;
  rowStarts: Uint32Array;
  /** Sum of the roots. */
  whole: number;
  /** What is not there; null if all of it is. */
  cut: Cut | null;
}

/** What a server has left out of a tree: of siblings, always the lightest. */
export interface Cut {
  /** By node, its row in the whole tree. */
  place: Uint32Array;
  /** By node, 1 if it has children that are not there. */
  more: Uint8Array;
  /** What has at least one of so many parts of the whole, or of the window, is there. */
  parts: number;
  /** Where the picture is finer than elsewhere, in the metric's unit; null if it is nowhere. */
  window: [number, number] | null;
}

/** What of a tree is looked at: nodes with all their children, and a part of the picture. */
export interface Sight {
  open?: number[];
  window?: [number, number];
}

/** Totals from self values, the leaves first. */
export function addUp(parent: Int32Array, self: Float64Array): Float64Array {
  const total = Float64Array.from(self);
  for (let node = parent.length - 1; node >= 0; node--) {
    if (parent[node] >= 0) {
      total[parent[node]] += total[node];
    }
  }
  return total;
}

/** Lays out nodes that stand in depth-first order. */
export function layOut(grown: Grown, depth: Uint32Array): Tree {
  const { parent, end } = relate(depth);
  return place({ ...grown, parent }, depth, end);
}

/** The same, where parents and ends are known. */
export function place(grown: Grown, depth: Uint32Array, end: Uint32Array): Tree {
  const { start, whole } = starts(grown.parent, grown.total);
  const { rows, rowStarts } = byDepth(depth);
  return { ...grown, count: depth.length, depth, end, start, rows, rowStarts, whole, cut: null };
}

function starts(parent: Int32Array, total: Float64Array): { start: Float64Array; whole: number } {
  const start = new Float64Array(parent.length);
  const next = new Float64Array(parent.length);
  let whole = 0;
  for (let node = 0; node < parent.length; node++) {
    const above = parent[node];
    start[node] = above < 0 ? whole : next[above];
    next[node] = start[node];
    if (above < 0) {
      whole += total[node];
    } else {
      next[above] += total[node];
    }
  }
  return { start, whole };
}

function byDepth(depth: Uint32Array): { rows: Uint32Array; rowStarts: Uint32Array } {
  let deepest = -1;
  for (let node = 0; node < depth.length; node++) {
    deepest = Math.max(depth[node], deepest);
  }
  const rowStarts = new Uint32Array(deepest + 2);
  for (let node = 0; node < depth.length; node++) {
    rowStarts[depth[node] + 1]++;
  }
  for (let row = 1; row < rowStarts.length; row++) {
    rowStarts[row] += rowStarts[row - 1];
  }
  const next = rowStarts.slice();
  const rows = new Uint32Array(depth.length);
  for (let node = 0; node < depth.length; node++) {
    rows[next[depth[node]]++] = node;
  }
  return { rows, rowStarts };
}

/** Puts grown nodes into depth-first order, siblings as `compare` says, and lays them out. */
export function arrange(grown: Grown, compare: (a: number, b: number) => number): Tree {
  const order = depthFirst(grown.parent, compare);
  const pick = <T extends Float64Array | Uint32Array | Uint8Array>(column: T, into: T): T => {
    for (let place = 0; place < into.length; place++) {
      into[place] = column[order.node[place]];
    }
    return into;
  };
  const count = order.node.length;
  const picked = {
    label: pick(grown.label, new Uint32Array(count)),
    parent: grown.parent,
    self: pick(grown.self, new Float64Array(count)),
    total: pick(grown.total, new Float64Array(count)),
    inlined: pick(grown.inlined, new Uint8Array(count)),
    other: grown.other && {
      self: pick(grown.other.self, new Float64Array(count)),
      total: pick(grown.other.total, new Float64Array(count)),
    },
  };
  return layOut(picked, order.depth);
}

function depthFirst(parent: Int32Array, compare: (a: number, b: number) => number) {
  const { starts, children } = childrenOf(parent);
  for (let slot = 0; slot + 1 < starts.length; slot++) {
    if (starts[slot + 1] - starts[slot] > 1) {
      children.subarray(starts[slot], starts[slot + 1]).sort(compare);
    }
  }
  const node = new Uint32Array(parent.length);
  const depth = new Uint32Array(parent.length);
  const todo: number[] = [];
  const open = (slot: number) => {
    for (let at = starts[slot + 1] - 1; at >= starts[slot]; at--) {
      todo.push(children[at]);
    }
  };
  open(0);
  const depthOf = new Uint32Array(parent.length);
  for (let place = 0; place < parent.length; place++) {
    const next = todo.pop() as number;
    depthOf[next] = parent[next] < 0 ? 0 : depthOf[parent[next]] + 1;
    node[place] = next;
    depth[place] = depthOf[next];
    open(next + 1);
  }
  return { node, depth };
}

/** The children of node `n` are those from `starts[n + 1]` to `starts[n + 2]`; the roots are those of slot 0. */
function childrenOf(parent: Int32Array): { starts: Uint32Array; children: Uint32Array } {
  const starts = new Uint32Array(parent.length + 2);
  for (const above of parent) {
    starts[above + 2]++;
  }
  for (let slot = 1; slot < starts.length; slot++) {
    starts[slot] += starts[slot - 1];
  }
  const next = starts.slice();
  const children = new Uint32Array(parent.length);
  for (let node = 0; node < parent.length; node++) {
    children[next[parent[node] + 1]++] = node;
  }
  return { starts, children };
}

/** The heaviest first; of equals, the one that was made first. */
export function heaviestFirst(total: Float64Array): (a: number, b: number) => number {
  return (a, b) => total[b] - total[a] || a - b;
}
