/** Nodes of a tree that is not laid out yet, each made once for its parent and its label. */

import type { Grown } from "./tree";

const FIRST = 1 << 10;

export class Grower {
  count = 0;
  label = new Uint32Array(FIRST);
  parent = new Int32Array(FIRST);
  /** 1 until a frame is met that was not inlined. */
  inlined = new Uint8Array(FIRST).fill(1);
  self = new Float64Array(FIRST);
  total = new Float64Array(FIRST);
  /** Of the metric that is compared with; without one they stay empty. */
  otherSelf: Float64Array<ArrayBuffer>;
  otherTotal: Float64Array<ArrayBuffer>;
  /** Open addressing: one more than a node, 0 where nothing is; at least half of it stays empty. */
  private slots = new Int32Array(2 * FIRST);

  constructor(private readonly compares: boolean) {
    this.otherSelf = new Float64Array(compares ? FIRST : 0);
    this.otherTotal = new Float64Array(compares ? FIRST : 0);
  }

  /** The child of a node (-1: the root) with this label; it is made if it is not there. */
  child(parent: number, label: number): number {
    const slot = this.find(parent, label);
    const found = this.slots[slot] - 1;
    if (found >= 0) {
      return found;
    }
    if (this.count === this.label.length) {
      this.double();
      return this.child(parent, label);
    }
    const made = this.count++;
    this.slots[slot] = made + 1;
    this.parent[made] = parent;
    this.label[made] = label;
    return made;
  }

  /** All nodes, parents before children. */
  grown(): Grown {
    const { count } = this;
    return {
      label: this.label.slice(0, count),
      parent: this.parent.slice(0, count),
      self: this.self.slice(0, count),
      total: this.total.slice(0, count),
      inlined: this.inlined.slice(0, count),
      other: this.compares
        ? { self: this.otherSelf.slice(0, count), total: this.otherTotal.slice(0, count) }
        : null,
    };
  }

  /** Where a node is, or would be put. */
  private find(parent: number, label: number): number {
    const mask = this.slots.length - 1;
    const hash = Math.imul(parent + 1, 0x9e3779b1) ^ Math.imul(label + 1, 0x85ebca6b);
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const found = this.slots[slot] - 1;
      if (found < 0 || (this.parent[found] === parent && this.label[found] === label)) {
        return slot;
      }
      slot = (slot + 1) & mask;
    }
  }

  private double(): void {
    const size = 2 * this.label.length;
    this.label = copied(this.label, new Uint32Array(size));
    this.parent = copied(this.parent, new Int32Array(size));
    this.inlined = copied(this.inlined, new Uint8Array(size).fill(1));
    this.self = copied(this.self, new Float64Array(size));
    this.total = copied(this.total, new Float64Array(size));
    if (this.compares) {
      this.otherSelf = copied(this.otherSelf, new Float64Array(size));
      this.otherTotal = copied(this.otherTotal, new Float64Array(size));
    }
    this.slots = new Int32Array(2 * size);
    for (let node = 0; node < this.count; node++) {
      this.slots[this.find(this.parent[node], this.label[node])] = node + 1;
    }
  }
}

function copied<T extends Uint32Array | Int32Array | Uint8Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
