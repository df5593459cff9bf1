import { describe, expect, it } from "vitest";
import { answer } from "../src/tree/answer";
import { labelsOf, nameOf } from "../src/tree/labels";
import { EVERYTHING, type Query } from "../src/tree/query";
import { neighbours } from "../src/tree/sums";
import { drawn, type Line, made, ownOf } from "./made";

const LINES: Line[] = [
  { stack: "main", value: 1 },
  { stack: "main;parse", value: 2 },
  { stack: "main;parse;lex", value: 3 },
  { stack: "main;solve", value: 4 },
  { stack: "main;solve;solve", value: 5 },
  { stack: "main;solve;solve;memcpy", value: 6 },
];

function shown(lines: Line[], change: Partial<Query>, runtime: string[] = []): string[] {
  const profile = made(lines, runtime);
  const query = { ...EVERYTHING, ...change };
  return drawn((label) => nameOf(profile, label, query.fold), answer(profile, query));
}

function row(lines: Line[], name: string): number {
  const profile = made(lines);
  return Array.from({ length: profile.functions.count }, (_, label) => nameOf(profile, label)).indexOf(name);
}

describe("the call tree", () => {
  it("has its heaviest children first", () => {
    expect(shown(LINES, {})).toEqual([
      "main 1/21",
      "  solve 4/15",
      "    solve 5/11",
      "      memcpy 6/6",
      "  parse 2/5",
      "    lex 3/3",
    ]);
  });

  it("is sorted by name when asked", () => {
    expect(shown(LINES, { order: "name" })[1]).toBe("  parse 2/5");
  });

  it("collapses a function that calls itself", () => {
    expect(shown(LINES, { recursion: true }).slice(1, 3)).toEqual(["  solve 9/15", "    memcpy 6/6"]);
  });

  it("collapses what calls itself by way of another", () => {
    expect(shown([{ stack: "a;b;a;b;c", value: 1 }], { recursion: true })).toEqual([
      "a 0/1",
      "  b 0/1",
      "    c 1/1",
    ]);
  });

  it("gives what a hidden function has to its caller", () => {
    expect(shown(LINES, { hide: [row(LINES, "solve")] })).toEqual([
      "main 10/21",
      "  memcpy 6/6",
      "  parse 2/5",
      "    lex 3/3",
    ]);
  });

  it("keeps only stacks through every focused function", () => {
    const focus = [row(LINES, "solve"), row(LINES, "memcpy")];
    expect(shown(LINES, { focus })).toEqual(["main 0/6", "  solve 0/6", "    solve 0/6", "      memcpy 6/6"]);
  });

  it("folds the instances of a generic function", () => {
    const lines = [
      { stack: "f;push<u8>", value: 1 },
      { stack: "f;push<u16>", value: 2 },
    ];
    expect(shown(lines, { fold: true })).toEqual(["f 0/3", "  push 3/3"]);
  });

  it("collapses runs of the runtime's frames, and no others", () => {
    const lines = [{ stack: "_start;start;main;start;f", value: 1 }];
    expect(shown(lines, { runtime: true }, ["_start", "start"])).toEqual([
      "[runtime] 0/1",
      "  main 0/1",
      "    [runtime] 0/1",
      "      f 1/1",
    ]);
  });

  it("is empty for no samples", () => {
    expect(shown([], {})).toEqual([]);
    expect(shown([], { inverted: true })).toEqual([]);
  });
});

describe("the inverted tree", () => {
  it("has the functions that samples end in at its root, callers below", () => {
    expect(shown(LINES, { inverted: true })).toEqual([
      "solve 0/9",
      "  solve 0/5",
      "    main 5/5",
      "  main 4/4",
      "memcpy 0/6",
      "  solve 0/6",
      "    solve 0/6",
      "      main 6/6",
      "lex 0/3",
      "  parse 0/3",
      "    main 3/3",
      "parse 0/2",
      "  main 2/2",
      "main 1/1",
    ]);
  });

  it("leaves the callers of next to nothing out, but not what they called", () => {
    const lines = [
      { stack: "main;large", value: 1_000_000 },
      { stack: "main;small", value: 1 },
    ];
    expect(shown(lines, { inverted: true })).toEqual([
      "large 0/1000000",
      "  main 1000000/1000000",
      "small 0/1",
    ]);
  });
});

describe("a part of the time", () => {
  const timed = [
    { stack: "a;b", value: 1, time: 0, thread: 0 },
    { stack: "a;b", value: 1, time: 10, thread: 1 },
    { stack: "a;c", value: 1, time: 20, thread: 0 },
    { stack: "a;b", value: 1, time: 30, thread: 0 },
  ];

  it("does not hold its end", () => {
    expect(shown(timed, { time: [10, 30] })).toEqual(["a 0/2", "  b 1/1", "  c 1/1"]);
  });

  it("holds some threads only", () => {
    expect(shown(timed, { threads: [1] })).toEqual(["a 0/1", "  b 1/1"]);
  });

  it("counts its samples, as many as are of equal weight", () => {
    const found = answer(made(timed), { ...EVERYTHING, time: [0, 20] });
    expect([found.whole, found.effective]).toEqual([2, 2]);
  });

  it("is drawn in the order of time, thread by thread", () => {
    expect(shown(timed, { order: "time" })).toEqual([
      "thread t0 (0) 0/3",
      "  a 0/3",
      "    b 1/1",
      "    c 1/1",
      "    b 1/1",
      "thread t1 (1) 0/1",
      "  a 0/1",
      "    b 1/1",
    ]);
  });
});

describe("sums", () => {
  const profile = made(LINES);
  const found = answer(profile, EVERYTHING);
  const labels = labelsOf(profile, EVERYTHING);

  it("count a recursion once", () => {
    const solve = row(LINES, "solve");
    expect([found.sums.self[solve], found.sums.total[solve]]).toEqual([9, 15]);
  });

  it("of callers and callees count what passes over a call, once a sample", () => {
    const solve = row(LINES, "solve");
    const { callers, callees } = neighbours(profile.nodes, found.totals, labels, solve);
    const named = (list: typeof callers) =>
      list.map(({ label, total }) => `${nameOf(profile, label)} ${total}`);
    expect(named(callers)).toEqual(["main 15", "solve 11"]);
    expect(named(callees)).toEqual(["solve 11", "memcpy 6"]);
  });

  it("of callees hold those of a call inside of another", () => {
    const lines = [
      { stack: "solve;parse;solve;copy", value: 5 },
      { stack: "solve;copy", value: 3 },
    ];
    const nested = made(lines);
    const { totals } = answer(nested, EVERYTHING);
    const { callees } = neighbours(nested.nodes, totals, labelsOf(nested, EVERYTHING), row(lines, "solve"));
    expect(callees.map(({ label, total }) => `${nameOf(nested, label)} ${total}`)).toEqual([
      "copy 8",
      "parse 5",
    ]);
  });
});

it("a stack of 100,000 frames is as good as any", () => {
  const depth = 100_000;
  const lines = [{ stack: "main", value: 1 }];
  const profile = made(lines);
  const label = new Array(depth).fill(0);
  const self = new Float64Array(depth);
  self[depth - 1] = 7;
  const deep = { ...profile, nodes: deepNodes(label), own: [ownOf(self)] };
  for (const change of [{}, { inverted: true }, { recursion: true }, { order: "name" as const }]) {
    const { tree, sums } = answer(deep, { ...EVERYTHING, ...change });
    expect(tree.count).toBe("recursion" in change ? 1 : depth);
    expect(sums.total[0]).toBe(7);
  }
});

function deepNodes(label: number[]) {
  const depth = Uint32Array.from(label, (_, at) => at);
  const parent = Int32Array.from(label, (_, at) => at - 1);
  const end = new Uint32Array(label.length).fill(label.length);
  const inlined = new Uint8Array(label.length);
  return { count: label.length, function: Uint32Array.from(label), depth, parent, end, inlined };
}
