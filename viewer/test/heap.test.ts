import { describe, expect, it } from "vitest";
import { labelsOf, nameOf } from "../src/tree/labels";
import { bySite, isHeap, isOfHeap, lifetimes, pointsOf } from "../src/tree/points";
import { EVERYTHING, type Query } from "../src/tree/query";
import { made, ownOf } from "./made";

/** Three points: bytes, blocks and the sums of their lifetimes. */
const STACKS = ["main;parse;xmalloc;malloc", "main;solve;operator new(unsigned long);malloc", "main;calloc"];
const BYTES = [100, 60, 8];
const BLOCKS = [10, 3, 1];
const LIFETIMES = [4_000, 90_000, 700];

function heap() {
  const profile = made(STACKS.map((stack, row) => ({ stack, value: BYTES[row] })));
  const { node } = profile.own[0];
  const column = (values: number[]) => {
    const self = new Float64Array(profile.nodes.count);
    // The heaviest stack stands first in the tree, as in STACKS.
    node.forEach((at, row) => {
      self[at] = values[row];
    });
    return ownOf(self);
  };
  profile.own.push(column(BLOCKS), column(LIFETIMES));
  const [metric] = profile.about.metrics;
  profile.about.metrics = ["alloc-bytes", "alloc-blocks", "lifetime"].map((name) => ({ ...metric, name }));
  return profile;
}

function points(change: Partial<Query> = {}) {
  const profile = heap();
  const query = { ...EVERYTHING, ...change };
  const labels = labelsOf(profile, query);
  return { profile, labels, points: pointsOf(profile, query, labels) };
}

function row(name: string): number {
  const profile = heap();
  return Array.from({ length: profile.functions.count }, (_, label) => nameOf(profile, label)).indexOf(name);
}

function sites(change: Partial<Query> = {}): Record<string, number> {
  const { profile, labels, points: found } = points(change);
  return Object.fromEntries(
    bySite(profile, labels, found, 0).map(([label, sum]) => [nameOf(profile, label), sum]),
  );
}

describe("allocation points", () => {
  it("belong to who calls the allocator", () => {
    expect(sites()).toEqual({ xmalloc: 100, solve: 60, main: 8 });
  });

  it("belong to nobody's library, unless nothing is allocated in it", () => {
    const profile = made([
      { stack: "main;solve;std::vector::push;operator new;malloc", value: 7 },
      { stack: "main;std::sort", value: 5 },
      { stack: "malloc", value: 3 },
    ]);
    const labels = labelsOf(profile, EVERYTHING);
    const named = bySite(profile, labels, pointsOf(profile, EVERYTHING, labels), 0);
    expect(named.map(([label, sum]) => [nameOf(profile, label), sum])).toEqual([
      ["solve", 7],
      ["std::sort", 5],
      ["malloc", 3],
    ]);
  });

  it("belong to the caller of a hidden function", () => {
    expect(sites({ hide: [row("xmalloc")] })).toEqual({ parse: 100, solve: 60, main: 8 });
  });

  it("are those through a focused function", () => {
    expect(sites({ focus: [row("parse")] })).toEqual({ xmalloc: 100 });
    expect(points({ focus: [row("parse")] }).points.sums).toEqual([100, 10, 4_000]);
  });

  it("are of a heap only", () => {
    expect(["alloc-bytes", "live-bytes-7", "never-read-blocks", "lifetime"].every(isOfHeap)).toBe(true);
    expect(isOfHeap("cpu-time")).toBe(false);
    expect(isHeap(heap())).toBe(true);
    expect(isHeap(made([{ stack: "main", value: 1 }]))).toBe(false);
  });
});

it("lifetimes are sorted by how often ten times the shortest they are", () => {
  const { profile, points: found } = points();
  // 400 and 700 of one block on average, and 30,000: up to 500, 5,000 and 50,000.
  expect(lifetimes(profile, found)).toEqual([
    { until: 500, blocks: 10, bytes: 100 },
    { until: 5_000, blocks: 1, bytes: 8 },
    { until: 50_000, blocks: 3, bytes: 60 },
  ]);
});
