/** Time series of a profile. */

import type { Columns } from "./container";

export interface Series {
  name: string;
  /** `bytes` or `count`. */
  unit: string;
  /** Row of a thread, or null. */
  thread: number | null;
  /** When its process ended, in the same clock; null if it goes on to the end. */
  end: number | null;
  /** How many points the profile has; a page may hold fewer. */
  points: number;
  /** In the clock of the series: nanoseconds since the start, or what {@link About.clock} says. */
  time: Float64Array;
  value: Float64Array;
}

export function readSeries(columns: Columns): Series[] {
  if (!columns.has("counters")) {
    return [];
  }
  const all = JSON.parse(columns.text("counters")) as Omit<Series, "time" | "value">[];
  return all.map((one, row) => ({
    ...one,
    time: columns.f64(`counters.${row}.time`),
    value: columns.f64(`counters.${row}.value`),
  }));
}

/** The row of the last point that is not after a time, or -1. */
export function rowAt({ time }: Series, at: number): number {
  let low = 0;
  let high = time.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (time[middle] <= at) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low - 1;
}

/** The value at a time: a series keeps its value until the next point or its end; NaN before and after. */
export function valueAt(series: Series, at: number): number {
  const row = rowAt(series, at);
  return row >= 0 && at <= (series.end ?? at) ? series.value[row] : Number.NaN;
}

/** The row of the greatest value, the first of several; -1 if there is none. */
export function peakOf({ value }: Series): number {
  return value.reduce((best, one, row) => (best < 0 || one > value[best] ? row : best), -1);
}
