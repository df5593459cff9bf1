import { describe, expect, it } from "vitest";
import { differ } from "../src/data/difference";
import { answer } from "../src/tree/answer";
import { nameOf } from "../src/tree/labels";
import { EVERYTHING } from "../src/tree/query";
import { assembled, nodesOf, ownOf } from "./made";

// main calls what went away, what came, and what has both.
const names = ["main", "gone", "new", "both"];
const nodes = nodesOf([0, 1, 2, 3], [0, 1, 1, 1]);
const profile = assembled(names, nodes, Float64Array.of(0, 0, 5, 10), null);
profile.own.push(ownOf(Float64Array.of(0, 7, 0, 10)));
profile.about.metrics.push({ ...profile.about.metrics[0] });
profile.about.pairs.push([0, 1]);

function shown(change: object): string[] {
  const { tree } = answer(profile, { ...EVERYTHING, against: 1, ...change });
  return Array.from(
    tree.label,
    (label, node) => `${nameOf(profile, label)} ${tree.total[node]} was ${tree.other?.total[node]}`,
  );
}

describe("two profiles", () => {
  it("have what is in either, each with both values", () => {
    expect(shown({})).toEqual(["main 15 was 17", "both 10 was 10", "new 5 was 0", "gone 0 was 7"]);
    expect(shown({ metric: 1, against: 0 })).toEqual([
      "main 17 was 15",
      "both 10 was 10",
      "gone 7 was 0",
      "new 0 was 5",
    ]);
  });

  it("are inverted together", () => {
    expect(shown({ inverted: true })).toEqual([
      "both 10 was 10",
      "main 10 was 10",
      "new 5 was 0",
      "main 5 was 0",
      "gone 0 was 7",
      "main 0 was 7",
    ]);
  });

  it("have sums by function", () => {
    const { sums, others, whole } = answer(profile, { ...EVERYTHING, against: 1 });
    expect([whole, others?.whole, sums.total[0], others?.sums.total[0]]).toEqual([15, 17, 15, 17]);
  });
});

describe("a difference", () => {
  it("has the interval of the terminal", () => {
    // pyrometer.analyze.significance.values_interval(50.0, 1.0, 80.0, 1.0)
    const { interval, isReal } = differ({ value: 50, each: 1 }, { value: 80, each: 1 }, false);
    expect(interval?.map((edge) => edge.toFixed(6))).toEqual(["7.635995", "52.981388"]);
    expect(isReal).toBe(true);
  });

  it("of a few samples may be noise", () => {
    expect(differ({ value: 5, each: 1 }, { value: 8, each: 1 }, false).isReal).toBe(false);
    expect(differ({ value: 0, each: 0 }, { value: 1, each: 1 }, false).isReal).toBe(false);
  });

  it("of exact counts is exact", () => {
    expect(differ({ value: 5, each: 0 }, { value: 6, each: 0 }, true)).toMatchObject({
      by: 1,
      interval: null,
      isReal: true,
    });
  });
});
