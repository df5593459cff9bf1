import { expect, it } from "vitest";
import { isFine } from "../src/flame/visible";
import { START, type State } from "../src/state/state";
import { answer } from "../src/tree/answer";
import { labelsOf } from "../src/tree/labels";
import { neighbours } from "../src/tree/sums";
import { needsWhole, Served } from "../src/work/served";
import { Inside } from "../src/work/source";
import { made } from "./made";

const profile = made([
  { stack: "main;parse;lex", value: 6 },
  { stack: "main;solve", value: 3 },
  { stack: "main", value: 1 },
]);

/** Columns as a server sends them: of u32, and of bytes. */
function container(columns: Record<string, number[]>): ArrayBuffer {
  const bytes: number[] = [];
  const entries = Object.entries(columns).map(([name, values]) => {
    const isByte = /inlined|more/.test(name);
    const column = isByte ? Uint8Array.from(values) : new Uint8Array(Uint32Array.from(values).buffer);
    const entry = { name, type: isByte ? "u8" : "u32", offset: bytes.length, length: column.length };
    bytes.push(...column, ...new Uint8Array((8 - (column.length % 8)) % 8));
    return entry;
  });
  const directory = new TextEncoder().encode(JSON.stringify(entries));
  const head = Math.ceil((12 + directory.length) / 8) * 8;
  const all = new Uint8Array(head + bytes.length);
  all.set(new TextEncoder().encode("PYROPAGE"));
  new DataView(all.buffer).setUint32(8, directory.length, true);
  all.set(directory, 12);
  all.set(bytes, head);
  return all.buffer;
}

/** Of the profile above: `lex` is cut off until `parse` is open. */
const trees = {
  cut: {
    "nodes.function": [0, 1, 3],
    "nodes.depth": [0, 1, 1],
    "nodes.inlined": [0, 0, 0],
    "tree.place": [0, 1, 3],
    "tree.more": [0, 1, 0],
    "tree.parts": [4],
    "tree.self": [1, 0, 3],
    "tree.total": [10, 6, 3],
  },
  open: {
    "nodes.function": [0, 1, 2, 3],
    "nodes.depth": [0, 1, 2, 1],
    "nodes.inlined": [0, 0, 0, 0],
    "tree.place": [0, 1, 2, 3],
    "tree.more": [0, 0, 0, 0],
    "tree.parts": [4],
    "tree.self": [1, 0, 6, 3],
    "tree.total": [10, 6, 6, 3],
  },
};
const sums = { "sums.self": [1, 0, 6, 3], "sums.total": [10, 6, 6, 3], "sums.area": [10, 6, 6, 3] };

function served() {
  const asked: string[] = [];
  const fetch = async (name: string) => {
    asked.push(name);
    if (name.startsWith("neighbours")) {
      return new TextEncoder().encode("[[[1,6]],[]]").buffer as ArrayBuffer;
    }
    return container(name.startsWith("sums") ? sums : name.includes("open=1") ? trees.open : trees.cut);
  };
  const whole = async () => {
    asked.push("whole");
    return new Inside(profile, { ask: async (query) => answer(profile, query) });
  };
  const head = { ...profile, nodes: { ...profile.nodes, count: 0 }, isWhole: false };
  return { source: new Served(head, fetch, whole), asked };
}

it("the overview has the sums of the whole", async () => {
  const { source, asked } = served();
  const found = await source.ask(START, START);
  const all = answer(profile, START);
  expect([found.whole, found.sums]).toEqual([all.whole, all.sums]);
  expect([...found.tree.start]).toEqual([0, 0, 6]);
  expect(asked).toEqual(["tree?metric=0", "sums?metric=0"]);
});

it("what is opened is brought, and stays when one looks closer elsewhere", async () => {
  const { source, asked } = served();
  const found = await source.ask(START, START);
  const opened = await source.refine(found, { open: [1] });
  const { cut: _, ...tree } = opened?.tree ?? found.tree;
  const { cut: __, ...all } = answer(profile, START).tree;
  expect(tree).toEqual(all);
  await source.refine(found, { window: [2, 3] });
  expect(asked.slice(2)).toEqual(["tree?metric=0&open=1", "tree?metric=0&open=1&window=2_3"]);
});

it("a picture is as fine as the server says that it is", async () => {
  const { tree } = await served().source.ask(START, START);
  expect([isFine(tree, 0, 10, 1), isFine(tree, 0, 10, 100)]).toEqual([true, false]);
  const finer = { ...tree, cut: tree.cut && { ...tree.cut, parts: 50_000 } };
  expect(isFine(finer, 0, 10, 100)).toBe(true);
});

it("whoever opens more than an address can hold gets the whole", async () => {
  const { source, asked } = served();
  const found = await source.ask(START, START);
  const many = Array.from({ length: 5_000 }, (_, node) => node);
  const opened = await source.refine(found, { open: many });
  expect(opened).toEqual(answer(profile, START));
  expect(asked.slice(2)).toEqual(["whole"]);
  expect(source.profile.isWhole).toBe(true);
});

it("callers are asked of the server once", async () => {
  const { source, asked } = served();
  const found = await source.ask(START, START);
  const labels = labelsOf(profile, START);
  for (const _ of [1, 2]) {
    const around = await source.around(found, labels, 0, 2);
    expect(around).toEqual(neighbours(profile.nodes, answer(profile, START).totals, labels, 2));
  }
  expect(asked.filter((name) => name.startsWith("neighbours"))).toEqual(["neighbours?metric=0&function=2"]);
});

it("a question about the whole gets it once, and it answers from then on", async () => {
  const { source, asked } = served();
  const focused: State = { ...START, focus: [1] };
  const found = await source.ask(START, START);
  const [one, other] = await Promise.all([source.ask(focused, focused), source.ask(focused, focused)]);
  expect(one).toEqual(answer(profile, focused));
  expect(other).toEqual(one);
  expect(source.profile.isWhole).toBe(true);
  expect(source.lacks({ ...START, search: "lex" })).toBe(false);
  expect((await source.ask(START, START)).tree.cut).toBeNull();
  expect(source.refine(found, { open: [1] })).not.toBeNull();
  expect(asked.filter((name) => name === "whole")).toHaveLength(1);
});

it("a tree that is no longer shown is not refined", async () => {
  const { source } = served();
  const before = await source.ask(START, START);
  void source.ask({ ...START, metric: 1 }, { ...START, metric: 1 });
  expect(source.refine(before, { open: [1] })).toBeNull();
});

it("what is about more than the plain tree needs the whole", () => {
  const needs = (part: Partial<State>) => needsWhole(profile, { ...START, ...part });
  const plain: Partial<State>[] = [
    {},
    { panel: "tree", selected: 2 },
    { zoom: [0.1, 0.2], colour: "binary" },
  ];
  expect(plain.map(needs)).toEqual([false, false, false]);
  const whole: Partial<State>[] = [
    { search: "lex" },
    { time: [0, 1] },
    { threads: [0] },
    { focus: [1] },
    { hide: [1] },
    { inverted: true },
    { fold: true },
    { runtime: true },
    { recursion: true },
    { order: "name" },
    { colour: "kind" },
  ];
  expect(whole.map(needs)).toEqual(whole.map(() => true));
});
