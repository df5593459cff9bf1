/** What is asked of a profile, and the answer that every panel shows. */

import type { Tree } from "./tree";

export type Order = "weight" | "name" | "time";

export interface Query {
  metric: number;
  /** The metric that it is compared with, or -1. */
  against: number;
  /** Nanoseconds since the start, or null for all. */
  time: [number, number] | null;
  /** Rows of threads; empty for all. */
  threads: number[];
  /** Only stacks through each of these functions. */
  focus: number[];
  /** Functions whose frames are left out; what they called is called by their callers. */
  hide: number[];
  inverted: boolean;
  /** Instances of a generic function are one. */
  fold: boolean;
  /** Consecutive frames of the language's runtime are one. */
  runtime: boolean;
  /** A function that calls itself, directly or not, is one frame. */
  recursion: boolean;
  order: Order;
}

export const EVERYTHING: Query = {
  metric: 0,
  against: -1,
  time: null,
  threads: [],
  focus: [],
  hide: [],
  inverted: false,
  fold: false,
  runtime: false,
  recursion: false,
  order: "weight",
};

/** Sums by label. */
export interface Sums {
  self: Float64Array;
  total: Float64Array;
}

/** The other side of a comparison. */
export interface Others {
  sums: Sums;
  whole: number;
  effective: number;
}

export interface Answer {
  tree: Tree;
  sums: Sums;
  /** Of the profile's own nodes. */
  totals: Float64Array;
  /** By label, the room that its nodes take in the flame graph; null if the tree says it. */
  areas: Float64Array | null;
  others: Others | null;
  /** Of the selected samples, in the metric's unit. */
  whole: number;
  /** Kish's effective number of them. */
  effective: number;
}
