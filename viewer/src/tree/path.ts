/** Ways through a tree: to find a node again in another one. */

import type { Tree } from "./tree";

/** The labels from the root to a node. */
export function pathOf(tree: Tree, node: number): number[] {
  const path: number[] = [];
  for (let at = node; at >= 0; at = tree.parent[at]) {
    path.push(tree.label[at]);
  }
  return path.reverse();
}

/** The node at the end of a path of labels from the root, or the last that is there; -1 if none is. */
export function follow(tree: Tree, path: number[]): number {
  let found = -1;
  let next = 0;
  let end = tree.count;
  for (const label of path) {
    let child = next;
    while (child < end && tree.label[child] !== label) {
      child = tree.end[child];
    }
    if (child >= end) {
      return found;
    }
    found = child;
    next = child + 1;
    end = tree.end[child];
  }
  return found;
}

/** The child with the largest total; -1 if there is none. */
export function heaviestChild(tree: Tree, node: number): number {
  let heaviest = -1;
  for (let child = node + 1; child < tree.end[node]; child = tree.end[child]) {
    if (heaviest < 0 || tree.total[child] > tree.total[heaviest]) {
      heaviest = child;
    }
  }
  return heaviest;
}

/** The part of the width that a node has, 0 to 1. */
export function spanOf(tree: Tree, node: number): [number, number] {
  const whole = tree.whole || 1;
  return rounded([tree.start[node] / whole, (tree.start[node] + tree.total[node]) / whole]);
}

/** As the address keeps it. */
export function rounded([start, end]: [number, number]): [number, number] {
  return [Number(start.toPrecision(9)), Math.min(1, Number(end.toPrecision(9)))];
}
