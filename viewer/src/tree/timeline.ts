/** How much there was when: samples summed over equal spans of time. */

import type { Samples } from "../data/profile";
import { range } from "./weigh";

/** The sums of a metric in `buckets` equal spans from `start` to `end`, of some threads (empty: all). */
export function timeline(
  samples: Samples,
  metric: number,
  threads: readonly number[],
  [start, end]: [number, number],
  buckets: number,
): Float64Array {
  const sums = new Float64Array(buckets);
  const wanted = threads.length > 0 ? new Set(threads) : null;
  const [first, last] = range(samples, [start, end]);
  const scale = buckets / (end - start || 1);
  const { time, value, thread, metric: metrics } = samples;
  for (let row = first; row < last; row++) {
    if (metrics[row] === metric && (!wanted || wanted.has(thread[row]))) {
      sums[Math.min(buckets - 1, Math.floor((time[row] - start) * scale))] += value[row];
    }
  }
  return sums;
}

/** The weight of a metric by thread. */
export function byThread(
  samples: Samples,
  metric: number,
  threads: number,
  time: [number, number] | null,
): Float64Array {
  const sums = new Float64Array(threads);
  const [first, last] = range(samples, time);
  for (let row = first; row < last; row++) {
    if (samples.metric[row] === metric) {
      sums[samples.thread[row]] += samples.value[row];
    }
  }
  return sums;
}
