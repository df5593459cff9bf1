/** Sums by label over a tree in depth-first order; what recurs on a path counts once. */

import type { Nodes } from "../data/profile";
import type { Bits } from "./bits";
import type { Labels } from "./labels";
import type { Sums } from "./query";
import type { Tree } from "./tree";

/** Self and total of every label. */
export function sumByLabel(nodes: Nodes, self: Float64Array, totals: Float64Array, labels: Labels): Sums {
  const sums = { self: new Float64Array(labels.count), total: new Float64Array(labels.count) };
  const until = new Uint32Array(labels.count);
  for (let node = 0; node < nodes.count; node++) {
    const label = labels.of[nodes.function[node]];
    sums.self[label] += self[node];
    if (node >= until[label]) {
      until[label] = nodes.end[node];
      sums.total[label] += totals[node];
    }
  }
  return sums;
}

/** A function beside another one, with what passes over the call between them. */
export interface Neighbour {
  label: number;
  total: number;
}

/** The direct callers and callees of a label, the heaviest first. `totals` are those of the nodes. */
export function neighbours(
  nodes: Nodes,
  totals: Float64Array,
  labels: Labels,
  label: number,
): { callers: Neighbour[]; callees: Neighbour[] } {
  const callers = new Along(nodes, totals);
  const called: number[] = [];
  for (let node = 0; node < nodes.count; node++) {
    if (labels.of[nodes.function[node]] !== label) {
      continue;
    }
    const above = nodes.parent[node];
    if (above >= 0) {
      callers.add(node, labels.of[nodes.function[above]]);
    }
    for (let callee = node + 1; callee < nodes.end[node]; callee = nodes.end[callee]) {
      called.push(callee);
    }
  }
  const callees = new Along(nodes, totals);
  // In the order of nodes: where the function recurs, its callees lie between those of the outer call.
  for (const callee of Uint32Array.from(called).sort()) {
    callees.add(callee, labels.of[nodes.function[callee]]);
  }
  return { callers: callers.heaviest(), callees: callees.heaviest() };
}

/** Sums of nodes by a label; what lies inside of a node that was counted for it is part of that. */
class Along {
  private readonly sums = new Map<number, { total: number; until: number }>();

  constructor(
    private readonly nodes: Nodes,
    private readonly totals: Float64Array,
  ) {}

  add(node: number, label: number): void {
    const sum = this.sums.get(label) ?? { total: 0, until: 0 };
    if (node >= sum.until) {
      sum.until = this.nodes.end[node];
      sum.total += this.totals[node];
    }
    this.sums.set(label, sum);
  }

  heaviest(): Neighbour[] {
    const found = [...this.sums]
      .map(([label, { total }]) => ({ label, total }))
      .filter(({ total }) => total > 0);
    return found.sort((a, b) => b.total - a.total || a.label - b.label);
  }
}

/** What the subtrees of the matching labels weigh together, each sample once. */
export function coveredBy(tree: Tree, matches: Uint8Array): number {
  let covered = 0;
  for (let node = 0; node < tree.count; ) {
    if (matches[tree.label[node]]) {
      covered += tree.total[node];
      node = tree.end[node];
    } else {
      node++;
    }
  }
  return covered;
}

/** What the subtrees of nodes weigh together, each sample once. */
export function coveredByNodes(tree: Tree, nodes: Bits): number {
  let covered = 0;
  for (let node = nodes.next(0); node >= 0; node = nodes.next(tree.end[node])) {
    covered += tree.total[node];
  }
  return covered;
}
