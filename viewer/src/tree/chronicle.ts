/** Stacks in the order of time, thread by thread: what follows each other and is called the same is one node. */

import type { Profile, Samples } from "../data/profile";
import { type Labels, threadLabel } from "./labels";
import type { Query } from "./query";
import { addUp, type Grown, layOut, type Tree } from "./tree";
import { range } from "./weigh";

/**
 * A root for each thread, below it its stacks. `kept` says of each node if stacks that end in it are shown. Widths are
 * the metric's values, as everywhere, not the wall clock: a thread that sleeps takes no room.
 */
export function chronicle(
  profile: Profile,
  samples: Samples,
  labels: Labels,
  query: Query,
  kept: Float64Array,
): Tree {
  const writer = new Writer(profile, labels);
  const threads = new Set(query.threads);
  for (const [thread, rows] of byThread(samples, query)) {
    if (threads.size > 0 && !threads.has(thread)) {
      continue;
    }
    writer.open(threadLabel(profile, thread));
    for (const row of rows) {
      if (kept[samples.node[row]] !== 0) {
        writer.add(samples.node[row], samples.value[row]);
      }
    }
    writer.close();
  }
  return writer.tree();
}

function byThread(samples: Samples, query: Query): Map<number, number[]> {
  const threads = new Map<number, number[]>();
  const [first, last] = range(samples, query.time);
  for (let row = first; row < last; row++) {
    if (samples.metric[row] === query.metric) {
      const rows = threads.get(samples.thread[row]) ?? [];
      rows.push(row);
      threads.set(samples.thread[row], rows);
    }
  }
  return threads;
}

/** Nodes at most: more are no longer drawn well, and would fill the tab's memory. */
const MOST = 4_000_000;

/** Writes nodes in depth-first order, which is that of time. */
class Writer {
  private readonly label: number[] = [];
  private readonly parent: number[] = [];
  private readonly depth: number[] = [];
  private readonly self: number[] = [];
  private readonly inlined: number[] = [];
  /** The nodes that are open, from the thread down. */
  private path: number[] = [];

  constructor(
    private readonly profile: Profile,
    private readonly labels: Labels,
  ) {}

  open(label: number): void {
    this.push(label, 0);
  }

  close(): void {
    this.path = [];
  }

  add(leaf: number, value: number): void {
    const { nodes } = this.profile;
    const stack: number[] = [];
    for (let node = leaf; node >= 0; node = nodes.parent[node]) {
      stack.push(node);
    }
    let depth = 1;
    for (let at = stack.length - 1; at >= 0; at--) {
      const label = this.labels.of[nodes.function[stack[at]]];
      const runtime = label === this.labels.runtime;
      if (runtime && depth > 1 && this.label[this.path[depth - 1]] === label) {
        continue;
      }
      if (this.label[this.path[depth]] !== label) {
        this.path.length = depth;
        this.push(label, nodes.inlined[stack[at]]);
      }
      depth++;
    }
    this.path.length = depth;
    this.self[this.path[depth - 1]] += value;
  }

  private push(label: number, inlined: number): void {
    const made = this.label.length;
    if (made >= MOST) {
      throw new Error("in the order of time there are too many frames: choose a shorter time");
    }
    this.label.push(label);
    this.parent.push(this.path.length > 0 ? this.path[this.path.length - 1] : -1);
    this.depth.push(this.path.length);
    this.self.push(0);
    this.inlined.push(inlined);
    this.path.push(made);
  }

  tree(): Tree {
    const parent = Int32Array.from(this.parent);
    const self = Float64Array.from(this.self);
    const grown: Grown = {
      label: Uint32Array.from(this.label),
      parent,
      self,
      total: addUp(parent, self),
      inlined: Uint8Array.from(this.inlined),
      other: null,
    };
    return layOut(grown, Uint32Array.from(this.depth));
  }
}
