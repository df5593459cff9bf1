/** Which part of a tree is in sight, and where it is on the canvas. */

import { rounded } from "../tree/path";
import type { Tree } from "../tree/tree";
import { ROW } from "./paint";
import { nodeAt } from "./visible";

/** No deeper zoom: a box as wide as the window would weigh nothing. */
const NARROWEST = 1e-9;

/** Part of the window: what reaches no further into it is not in sight. */
const EDGE = 1e-3;

export class Viewport {
  tree: Tree | null = null;
  /** Roots at the top. */
  icicle = true;
  /** The part of the width that is shown, 0 to 1. */
  zoom: [number, number] = [0, 1];

  /** `scroller` is as high as the window, and scrolls what is behind it. */
  constructor(private readonly scroller: HTMLElement) {}

  /** Pixels of all rows. */
  get height(): number {
    return this.tree ? (this.tree.rowStarts.length - 1) * ROW : 0;
  }

  /** The zoom as the address keeps it. */
  get kept(): [number, number] {
    return rounded(this.zoom);
  }

  /** Top of a row, from the top of the window. */
  top(row: number): number {
    return this.places().top(row);
  }

  /** Tops of rows as they are now: to ask the browser where it has scrolled to may cost it a layout. */
  places(): { top: (row: number) => number } {
    const { scrollTop, clientHeight } = this.scroller;
    const last = Math.max(this.height, clientHeight) - ROW - scrollTop;
    return this.icicle ? { top: (row) => row * ROW - scrollTop } : { top: (row) => last - row * ROW };
  }

  rowAt(y: number): number {
    const height = Math.max(this.height, this.scroller.clientHeight);
    const down = y + this.scroller.scrollTop;
    return this.icicle ? Math.floor(down / ROW) : Math.ceil((height - down) / ROW) - 1;
  }

  /** The node at a place of the window; -1 if there is none. */
  nodeAt(x: number, y: number): number {
    if (!this.tree) {
      return -1;
    }
    const [start, end] = this.zoom;
    const share = start + (x / this.scroller.clientWidth) * (end - start);
    return nodeAt(this.tree, this.rowAt(y), share * this.tree.whole);
  }

  set(start: number, end: number): void {
    const width = Math.min(1, Math.max(NARROWEST, end - start));
    const first = Math.min(1 - width, Math.max(0, start));
    this.zoom = [first, first + width];
  }

  /** Zooms by a factor around a place of the window, 0 to 1. */
  zoomBy(factor: number, place: number): void {
    const [start, end] = this.zoom;
    const at = start + place * (end - start);
    this.set(at - (at - start) * factor, at + (end - at) * factor);
  }

  /** Moves by a part of the window's width. */
  pan(part: number): void {
    const [start, end] = this.zoom;
    this.set(start + part * (end - start), end + part * (end - start));
  }

  /** Moves as little as brings a node into sight. */
  reveal(node: number): void {
    if (!this.tree) {
      return;
    }
    const { tree, scroller } = this;
    const y = this.top(tree.depth[node]);
    if (y < 0 || y + ROW > scroller.clientHeight) {
      scroller.scrollTop += y - scroller.clientHeight / 3;
    }
    const whole = tree.whole || 1;
    const [left, right] = [tree.start[node] / whole, (tree.start[node] + tree.total[node]) / whole];
    const [start, end] = this.zoom;
    const edge = (end - start) * EDGE;
    if (right <= start + edge || left >= end - edge) {
      const half = (end - start) / 2;
      this.set((left + right) / 2 - half, (left + right) / 2 + half);
    }
  }

  /** What is to be drawn, in the metric's unit and rows. */
  get window() {
    const whole = this.tree?.whole ?? 0;
    const ends = [this.rowAt(0), this.rowAt(this.scroller.clientHeight)];
    return {
      left: this.zoom[0] * whole,
      right: this.zoom[1] * whole,
      width: this.scroller.clientWidth,
      firstRow: Math.min(...ends) - 1,
      lastRow: Math.max(...ends) + 2,
    };
  }
}
