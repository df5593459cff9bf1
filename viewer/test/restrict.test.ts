import { describe, expect, it } from "vitest";
import type { Listing } from "../src/data/listing";
import { addressOf, type Places, unsigned } from "../src/data/places";
import { labelsOf } from "../src/tree/labels";
import { EVERYTHING, type Query } from "../src/tree/query";
import { restrict } from "../src/tree/restrict";
import { made } from "./made";

// work is at line 3, calls itself from line 4, and has code inlined into its line 3.
const profile = made([
  { stack: "main;work", value: 1, time: 10 },
  { stack: "main;work;work", value: 2, time: 20, thread: 1 },
  { stack: "main;work;inlined", value: 4, time: 30 },
]);
const [MAIN, WORK, INLINED] = [0, 1, 2];
const path = profile.functions.name[MAIN];
const FRAMES = [
  { function: MAIN, line: 1, low: 0x10, inlined: 0 },
  { function: WORK, line: 3, low: 0x20, inlined: 0 },
  { function: WORK, line: 4, low: 0x24, inlined: 0 },
  { function: INLINED, line: 9, low: 0x20, inlined: 1 },
];
const column = (name: keyof (typeof FRAMES)[0]) => Uint32Array.from(FRAMES, (frame) => frame[name]);
const places: Places = {
  stack: Uint32Array.of(1, 3, 4),
  up: Uint32Array.of(0, 1, 2, 1, 3),
  frame: Uint32Array.of(0, 1, 2, 1, 3),
  function: column("function"),
  file: Uint32Array.from(FRAMES, () => path),
  line: column("line"),
  binary: Uint32Array.from(FRAMES, () => path),
  inlined: Uint8Array.from(FRAMES, ({ inlined }) => inlined),
  low: column("low"),
  high: new Uint32Array(FRAMES.length),
};
profile.places = places;
const file = profile.texts.at(path);
const listing: Listing = {
  function: "work",
  sources: [{ path: file, missing: null, changed: false, line: [3, 4], text: ["", ""], self: [], total: [] }],
  code: [
    {
      binary: file,
      symbol: "work",
      missing: null,
      address: ["20", "24"],
      text: ["", ""],
      function: ["", ""],
      file: [null, null],
      line: [null, null],
      gap: [false, false],
      self: [],
    },
  ],
};

function lines(change: Partial<Query>) {
  const query = { ...EVERYTHING, ...change };
  const found = restrict(profile, query, labelsOf(profile, query), listing);
  const [source] = found?.listing.sources ?? [];
  return {
    self: source?.self[0],
    total: source?.total[0],
    code: found?.listing.code[0].self[0],
    wholes: found?.wholes,
  };
}

describe("lines of a part of the samples", () => {
  it("are those of all samples if all are selected", () => {
    // What is inlined is at lines of its own, but at the address of where it was inlined.
    expect(lines({})).toEqual({ self: [3, 0], total: [7, 2], code: [7, 0], wholes: [7] });
  });

  it("are those of a span of time", () => {
    expect(lines({ time: [15, 25] })).toEqual({ self: [2, 0], total: [2, 2], code: [2, 0], wholes: [2] });
  });

  it("are those of some threads", () => {
    expect(lines({ threads: [0] }).self).toEqual([1, 0]);
  });

  it("are those of stacks through a function", () => {
    expect(lines({ focus: [INLINED] })).toEqual({ self: [0, 0], total: [4, 0], code: [4, 0], wholes: [4] });
  });

  it("are not known without places", () => {
    const without = { ...profile, places: null };
    expect(restrict(without, EVERYTHING, labelsOf(profile, EVERYTHING), listing)).toBeNull();
  });
});

it("addresses of the kernel keep all their digits", () => {
  const high = { ...places, low: Uint32Array.of(0x81000123), high: Uint32Array.of(0xffffffff) };
  expect(addressOf(high, 0)).toBe("ffffffff81000123");
  expect(unsigned("-7efffedd")).toBe("ffffffff81000123");
  expect(unsigned("401136")).toBe("401136");
});
