/** How much the selected samples weigh, by the node that they end in. */

import type { Numbers } from "../data/container";
import { spread } from "../data/own";
import type { Nodes, Profile, Samples } from "../data/profile";
import type { Labels } from "./labels";
import type { Query } from "./query";

export interface Weighed {
  self: Float64Array;
  whole: number;
  /** Kish's effective number of samples: the square of the sum over the sum of the squares. */
  effective: number;
}

export function weigh(profile: Profile, query: Query, labels: Labels): Weighed {
  const kept = query.focus.length > 0 ? through(profile.nodes, query.focus, labels) : null;
  const isPart = query.time !== null || query.threads.length > 0;
  if (profile.samples && (isPart || kept)) {
    return ofSamples(profile.samples, profile.nodes.count, query, kept);
  }
  return ofNodes(profile, query, kept);
}

/** For each node, 1 if its stack passes through all of these functions. */
export function through(nodes: Nodes, focus: number[], labels: Labels): Uint8Array {
  const kept = new Uint8Array(nodes.count).fill(1);
  for (const row of focus) {
    const label = labels.of[row];
    let until = 0;
    for (let node = 0; node < nodes.count; node++) {
      if (labels.of[nodes.function[node]] === label) {
        until = Math.max(until, nodes.end[node]);
      }
      kept[node] &= node < until ? 1 : 0;
    }
  }
  return kept;
}

function ofSamples(samples: Samples, count: number, query: Query, kept: Uint8Array | null): Weighed {
  const self = new Float64Array(count);
  const threads = query.threads.length > 0 ? new Set(query.threads) : null;
  const [first, last] = range(samples, query.time);
  let whole = 0;
  let squares = 0;
  for (let row = first; row < last; row++) {
    const node = samples.node[row];
    if (
      samples.metric[row] !== query.metric ||
      (kept && !kept[node]) ||
      (threads && !threads.has(samples.thread[row]))
    ) {
      continue;
    }
    const value = samples.value[row];
    self[node] += value;
    whole += value;
    squares += (value * value) / Math.max(1, samples.counts[row]);
  }
  return { self, whole, effective: squares > 0 ? (whole * whole) / squares : 0 };
}

/** The rows of the samples of a span of time: its end is not part of it. */
export function range(samples: Samples, time: [number, number] | null): [number, number] {
  return time ? [rowAt(samples.time, time[0]), rowAt(samples.time, time[1])] : [0, samples.count];
}

/** The first row that is not before a time. */
function rowAt(times: Float64Array, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle] < time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

function ofNodes(profile: Profile, query: Query, kept: Uint8Array | null): Weighed {
  const own = profile.own[query.metric] ?? { node: new Uint32Array(0), value: new Float64Array(0) };
  const self = spread(own, profile.nodes.count);
  const all = sum(own.value);
  if (kept) {
    for (let node = 0; node < self.length; node++) {
      self[node] *= kept[node];
    }
  }
  const whole = kept ? sum(self) : all;
  const effective = profile.about.metrics[query.metric]?.effective ?? 0;
  const share = kept ? whole / (all || 1) : 1;
  // Samples that are no longer there one by one are taken to be of one size.
  return { self, whole, effective: effective * share };
}

function sum(values: Numbers): number {
  let sum = 0;
  for (let row = 0; row < values.length; row++) {
    sum += values[row];
  }
  return sum;
}
