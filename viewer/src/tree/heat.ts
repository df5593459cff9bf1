/** A long recording as lines of a text: a row is a second, a column a fiftieth of it. */

import type { Samples } from "../data/profile";
import { timeline } from "./timeline";

export const COLUMNS = 50;
const SECOND = 1e9;
/** Shorter recordings have room enough in the strip of time. */
const LONG = 5 * SECOND;
const MOST_ROWS = 3600;
/** What a row may be, in seconds. */
const ROWS = [1, 10, 60, 600, 3600, 36_000];

export interface Heat {
  /** Nanoseconds of a row, and of a cell. */
  row: number;
  cell: number;
  rows: number;
  /** Of the cells, row by row. */
  sums: Float64Array;
  most: number;
}

export function isLong(length: number): boolean {
  return length >= LONG;
}

/** The sums of a metric, of some threads (empty: all), in the time from the start to `length`. */
export function heatOf(samples: Samples, metric: number, threads: readonly number[], length: number): Heat {
  const seconds = ROWS.find((row) => length <= row * SECOND * MOST_ROWS) ?? ROWS[ROWS.length - 1];
  const row = seconds * SECOND;
  const rows = Math.ceil(length / row);
  const sums = timeline(samples, metric, threads, [0, rows * row], rows * COLUMNS);
  return { row, cell: row / COLUMNS, rows, sums, most: sums.reduce((most, sum) => Math.max(most, sum), 0) };
}

/** The time of two cells and all between them, in either order. */
export function spanOf(heat: Heat, one: number, other: number, length: number): [number, number] {
  const [first, last] = one < other ? [one, other] : [other, one];
  return [first * heat.cell, Math.min(length, (last + 1) * heat.cell)];
}

/** The fullest cell of a row. */
export function fullest(heat: Heat, row: number): number {
  let best = row * COLUMNS;
  for (let cell = best + 1; cell < (row + 1) * COLUMNS; cell++) {
    best = heat.sums[cell] > heat.sums[best] ? cell : best;
  }
  return best;
}

export function sumOf(heat: Heat, row: number): number {
  return heat.sums.subarray(row * COLUMNS, (row + 1) * COLUMNS).reduce((sum, value) => sum + value, 0);
}
