import { describe, expect, it } from "vitest";
import { cellAt, type HeatPicture, LEFT, SHADES, shadeOf, TOP } from "../src/panels/heat_paint";
import { COLUMNS, fullest, heatOf, isLong, spanOf, sumOf } from "../src/tree/heat";
import { made } from "./made";

const SECOND = 1e9;
const { samples } = made([
  { stack: "main", value: 1, time: 0 },
  { stack: "main", value: 2, time: 1.5 * SECOND },
  { stack: "main", value: 4, time: 1.51 * SECOND, thread: 1 },
  { stack: "main", value: 8, time: 9.99 * SECOND },
]);
if (!samples) {
  throw new Error("there are times");
}
const heat = heatOf(samples, 0, [], 10 * SECOND);

describe("a heat map", () => {
  it("has a row for each second", () => {
    expect([heat.rows, heat.row, heat.cell]).toEqual([10, SECOND, SECOND / COLUMNS]);
    expect([heat.sums[0], heat.sums[COLUMNS + 25], heat.sums[10 * COLUMNS - 1]]).toEqual([1, 6, 8]);
    expect(sumOf(heat, 1)).toBe(6);
    expect(fullest(heat, 1)).toBe(COLUMNS + 25);
  });

  it("is of some threads", () => {
    expect(heatOf(samples, 0, [1], 10 * SECOND).sums[COLUMNS + 25]).toBe(4);
  });

  it("has longer rows for a day", () => {
    const day = heatOf(samples, 0, [], 86_400 * SECOND);
    expect(day.rows).toBeLessThanOrEqual(3600);
    expect(day.rows * day.row).toBeGreaterThanOrEqual(86_400 * SECOND);
  });

  it("is of long recordings", () => {
    expect([isLong(4 * SECOND), isLong(5 * SECOND)]).toEqual([false, true]);
  });

  it("chooses whole cells, in either order, until the end at most", () => {
    const cell = SECOND / COLUMNS;
    expect(spanOf(heat, 3, 7, 10 * SECOND)).toEqual([3 * cell, 8 * cell]);
    expect(spanOf(heat, 7, 3, 10 * SECOND)).toEqual([3 * cell, 8 * cell]);
    expect(spanOf(heat, 0, 10 * COLUMNS - 1, 9.995 * SECOND)).toEqual([0, 9.995 * SECOND]);
  });

  it("finds the cell below the pointer", () => {
    const picture = { heat, width: 580, height: 400, rowHeight: 10, scrolled: 20 } as HeatPicture;
    expect(cellAt(picture, LEFT + 1, TOP + 1)).toBe(2 * COLUMNS);
    expect(cellAt(picture, LEFT + 11, TOP + 1)).toBe(2 * COLUMNS + 1);
    expect(cellAt(picture, 0, 9_999)).toBe(9 * COLUMNS);
  });

  it("shows anything that is more than nothing", () => {
    expect([0, 1, 500, 1_000].map((sum) => shadeOf(sum, 1_000))).toEqual([0, 1, SHADES / 2, SHADES]);
    expect(shadeOf(0, 0)).toBe(0);
  });
});
