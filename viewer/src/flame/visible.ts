/** Which nodes are to be drawn: as many as there are pixels, however many there are. */

import type { Tree } from "../tree/tree";

/** Nodes narrower than this are left out, in pixels. */
export const NARROWEST = 0.5;

export interface Window {
  /** What is at the left and the right edge, in the metric's unit. */
  left: number;
  right: number;
  /** In pixels. */
  width: number;
  /** Rows from the first to before the last. */
  firstRow: number;
  lastRow: number;
}

export interface Boxes {
  count: number;
  node: Uint32Array;
  /** Pixels from the left edge, cut to the window. */
  x: Float32Array;
  width: Float32Array;
}

export class Visible {
  private boxes: Boxes = made(1024);
  /** What they are of. */
  private tree: Tree | null = null;
  private window: Window | null = null;

  /** The boxes of a window; they are valid until it is asked for another one. */
  find(tree: Tree, window: Window): Boxes {
    if (tree === this.tree && isSame(window, this.window)) {
      return this.boxes;
    }
    [this.tree, this.window] = [tree, window];
    this.boxes.count = 0;
    const rows = tree.rowStarts.length - 1;
    for (let row = Math.max(0, window.firstRow); row < Math.min(rows, window.lastRow); row++) {
      this.addRow(tree, window, row);
    }
    return this.boxes;
  }

  private addRow(tree: Tree, { left, right, width }: Window, row: number): void {
    const scale = width / (right - left);
    const last = tree.rowStarts[row + 1];
    let at = firstBeyond(tree, tree.rowStarts[row], last, left);
    while (at < last) {
      const node = tree.rows[at];
      const start = tree.start[node];
      if (start >= right) {
        return;
      }
      const wide = tree.total[node] * scale;
      if (wide < NARROWEST) {
        at = nextBeyond(tree, at + 1, last, start + NARROWEST / scale);
        continue;
      }
      const x = Math.max(0, (start - left) * scale);
      this.add(node, x, Math.min(width, (start - left) * scale + wide) - x);
      at++;
    }
  }

  private add(node: number, x: number, width: number): void {
    if (this.boxes.count === this.boxes.node.length) {
      this.boxes = larger(this.boxes);
    }
    const at = this.boxes.count++;
    this.boxes.node[at] = node;
    this.boxes.x[at] = x;
    this.boxes.width[at] = width;
  }
}

function isSame(one: Window, other: Window | null): boolean {
  return other !== null && (Object.keys(one) as (keyof Window)[]).every((key) => one[key] === other[key]);
}

/** Whether nothing that is cut off is wide enough to be drawn between two edges, `width` pixels apart. */
export function isFine(tree: Tree, left: number, right: number, width: number): boolean {
  const least = (NARROWEST * (right - left)) / width;
  if (tree.cut === null) {
    return true;
  }
  const { window, parts } = tree.cut;
  const isInside = window && window[0] <= left && right <= window[1];
  return tree.whole / parts <= least || Boolean(isInside && (window[1] - window[0]) / parts <= least);
}

/** The first of the nodes of a row that ends after `edge`. */
function firstBeyond(tree: Tree, first: number, last: number, edge: number): number {
  let low = first;
  let high = last;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const node = tree.rows[middle];
    if (tree.start[node] + tree.total[node] <= edge) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** The same, where it is likely to be one of the next. */
function nextBeyond(tree: Tree, first: number, last: number, edge: number): number {
  let low = first;
  let step = 1;
  while (low + step < last) {
    const node = tree.rows[low + step];
    if (tree.start[node] + tree.total[node] > edge) {
      break;
    }
    low += step;
    step *= 2;
  }
  return firstBeyond(tree, low, Math.min(last, low + step + 1), edge);
}

/** The node of a row at a place, in the metric's unit; -1 if there is none. */
export function nodeAt(tree: Tree, row: number, place: number): number {
  if (row < 0 || row + 1 >= tree.rowStarts.length) {
    return -1;
  }
  const at = firstBeyond(tree, tree.rowStarts[row], tree.rowStarts[row + 1], place);
  const node = at < tree.rowStarts[row + 1] ? tree.rows[at] : -1;
  return node >= 0 && tree.start[node] <= place ? node : -1;
}

function made(size: number): Boxes {
  return { count: 0, node: new Uint32Array(size), x: new Float32Array(size), width: new Float32Array(size) };
}

function larger(boxes: Boxes): Boxes {
  const doubled = made(2 * boxes.node.length);
  doubled.count = boxes.count;
  doubled.node.set(boxes.node);
  doubled.x.set(boxes.x);
  doubled.width.set(boxes.width);
  return doubled;
}
