/** Which metrics a heap profile has, and what they are called on its panel. */

import { bytes, count, value } from "../data/units";
import { metricRow, type Points } from "../tree/points";
import type { View } from "./view";

export interface Size {
  title: string;
  /** Row of the metric of bytes. */
  bytes: number;
  /** Row of the metric of blocks, or -1. */
  blocks: number;
}

export interface Average {
  title: string;
  sum: number;
  blocks: number;
  text(average: number): string;
}

const SIZES: [string, string][] = [
  ["alloc", "In all"],
  ["peak", "At the peak"],
  ["exit", "At the end"],
  ["inuse", "In use"],
  ["never-read", "Never read"],
  ["never-written", "Never written"],
];

export class HeapMetrics {
  constructor(
    private readonly view: View,
    readonly points: Points,
  ) {}

  row(name: string): number {
    return metricRow(this.view.profile, name);
  }

  sum(name: string): number {
    return this.points.sums[this.row(name)] ?? 0;
  }

  has(name: string): boolean {
    return this.row(name) >= 0;
  }

  /** Bytes of different times and kinds. */
  get sizes(): Size[] {
    const known = SIZES.map(([name, title]) => ({
      title,
      bytes: this.row(`${name}-bytes`),
      blocks: this.row(`${name}-blocks`),
    }));
    return [...known, ...this.snapshots].filter(({ bytes }) => bytes >= 0);
  }

  /** Massif's trees of other times than the peak and the end. */
  private get snapshots(): Size[] {
    return this.view.profile.about.metrics.flatMap(({ name }, bytes) => {
      const number = /^live-bytes-(\d+)$/.exec(name)?.[1];
      return number === undefined ? [] : [{ title: `Snapshot ${number}`, bytes, blocks: -1 }];
    });
  }

  get averages(): Average[] {
    const blocks = this.row("alloc-blocks");
    const of = (title: string, name: string, text: Average["text"]) => ({
      title,
      sum: this.row(name),
      blocks,
      text,
    });
    const number = (average: number) => (Number.isNaN(average) ? "" : count(Math.round(average)));
    const all = [
      { ...of("Blocks", "alloc-blocks", number), blocks: -1 },
      of("Size", "alloc-bytes", (average) => (Number.isNaN(average) ? "" : bytes(Math.round(average)))),
      of("Lifetime", "lifetime", (average) => (Number.isNaN(average) ? "" : lifetime(this.view, average))),
    ];
    return blocks < 0 ? [] : all.filter(({ sum }) => sum >= 0);
  }
}

/** NaN of nothing; without a number to divide by, the sum itself. */
export function average(sum: number, blocks: number | undefined): number {
  return blocks === undefined ? sum : blocks > 0 ? sum / blocks : Number.NaN;
}

/** `1,234 instrs`. */
export function lifetime(view: View, amount: number): string {
  const { unit } = view.profile.about.heap;
  const scales: [number, string][] = [
    [1, "ns"],
    [1e3, "µs"],
    [1e6, "ms"],
    [1e9, "s"],
  ];
  const scale = scales.find(([, name]) => name === unit)?.[0];
  return scale ? value(amount * scale, "ns") : `${count(Math.round(amount))} ${unit}`.trim();
}
