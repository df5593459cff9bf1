import { describe, expect, it } from "vitest";
import { peakOf, type Series, valueAt } from "../src/data/series";
import { ticks, timeAt, xOf } from "../src/panels/chart";

const series: Series = {
  name: "rss",
  unit: "bytes",
  thread: null,
  end: null,
  points: 3,
  time: Float64Array.of(10, 20, 30),
  value: Float64Array.of(5, 9, 9),
};

describe("a time series", () => {
  it("keeps its value until the next point", () => {
    expect([10, 19, 20, 1000].map((time) => valueAt(series, time))).toEqual([5, 5, 9, 9]);
    expect(valueAt(series, 9)).toBeNaN();
  });

  it("has no value after its end", () => {
    expect([35, 36].map((time) => valueAt({ ...series, end: 35 }, time))).toEqual([9, Number.NaN]);
  });

  it("has its peak where it was first reached", () => {
    expect(peakOf(series)).toBe(1);
    expect(peakOf({ ...series, time: new Float64Array(0), value: new Float64Array(0) })).toBe(-1);
  });
});

describe("a chart", () => {
  it("has round numbers around what it shows", () => {
    expect(ticks(0, 9.1).values).toEqual([0, 5, 10]);
    expect(ticks(0, 7).values).toEqual([0, 2, 4, 6, 8]);
    expect(ticks(-3, 4).values).toEqual([-4, -2, 0, 2, 4]);
    expect(ticks(0, 9_000, true).values.map((value) => value / 1024)).toEqual([0, 5, 10]);
    expect(ticks(0, 0).high).toBeGreaterThan(0);
  });

  it("ends for whatever numbers there are", () => {
    expect(ticks(-1e308, 1e308).values).toEqual([-1e308, 0, 1e308]);
    expect(ticks(0, Number.MIN_VALUE).values.length).toBeLessThan(10);
    expect(ticks(0, Number.MAX_VALUE, true).values.length).toBeLessThan(10);
  });

  it("finds the time of a place again", () => {
    expect(timeAt(xOf(30, 100, 800), 100, 800)).toBeCloseTo(30);
    expect([timeAt(0, 100, 800), timeAt(9_999, 100, 800)]).toEqual([0, 100]);
  });
});
