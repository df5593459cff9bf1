/** Profiles of a few stacks, written as text. */

import type { Own } from "../src/data/own";
import { ALLOCATOR, LIBRARY, type Nodes, type Profile, relate, type Samples } from "../src/data/profile";
import { Texts } from "../src/data/texts";
import type { Answer } from "../src/tree/query";

export interface Line {
  /** `main;parse;lex`. */
  stack: string;
  value: number;
  time?: number;
  thread?: number;
}

interface Branch {
  name: string;
  self: number;
  children: Map<string, Branch>;
}

/** A profile of one metric; functions are numbered in the order in which they are met. */
export function made(lines: Line[], runtime: string[] = []): Profile {
  const root: Branch = { name: "", self: 0, children: new Map() };
  const leaves = lines.map((line) => grow(root, line));
  const names: string[] = [];
  const label: number[] = [];
  const depth: number[] = [];
  const self: number[] = [];
  const placeOf = new Map<Branch, number>();
  const visit = (branch: Branch, level: number) => {
    placeOf.set(branch, label.length);
    if (!names.includes(branch.name)) {
      names.push(branch.name);
    }
    label.push(names.indexOf(branch.name));
    depth.push(level);
    self.push(branch.self);
    for (const child of heaviestFirst(branch)) {
      visit(child, level + 1);
    }
  };
  for (const child of heaviestFirst(root)) {
    visit(child, 0);
  }
  const samples = samplesOf(
    lines,
    leaves.map((leaf) => placeOf.get(leaf) ?? 0),
  );
  return assembled(names, nodesOf(label, depth), Float64Array.from(self), samples, runtime);
}

function grow(root: Branch, line: Line): Branch {
  let at = root;
  for (const name of line.stack.split(";")) {
    const child = at.children.get(name) ?? { name, self: 0, children: new Map() };
    at.children.set(name, child);
    at = child;
  }
  at.self += line.value;
  return at;
}

const total = (branch: Branch): number =>
  [...branch.children.values()].reduce((sum, child) => sum + total(child), branch.self);
const heaviestFirst = (branch: Branch) => [...branch.children.values()].sort((a, b) => total(b) - total(a));

export function nodesOf(label: number[], depths: number[]): Nodes {
  const depth = Uint32Array.from(depths);
  return {
    count: label.length,
    function: Uint32Array.from(label),
    depth,
    ...relate(depth),
    inlined: new Uint8Array(label.length),
  };
}

function samplesOf(lines: Line[], nodes: number[]): Samples | null {
  if (lines.every(({ time }) => time === undefined)) {
    return null;
  }
  return {
    count: lines.length,
    node: Uint32Array.from(nodes),
    thread: Uint32Array.from(lines, ({ thread }) => thread ?? 0),
    metric: new Uint8Array(lines.length),
    value: Float64Array.from(lines, ({ value }) => value),
    counts: new Uint32Array(lines.length).fill(1),
    time: Float64Array.from(lines, ({ time }) => time ?? 0),
  };
}

function roleOf(name: string): number {
  return /^(malloc|calloc|operator new)/.test(name) ? ALLOCATOR : name.startsWith("std::") ? LIBRARY : 0;
}

export function assembled(
  names: string[],
  nodes: Nodes,
  self: Float64Array,
  samples: Samples | null,
  runtime: string[] = [],
): Profile {
  const folded = names.map((name) => name.replace(/<.*?>/g, ""));
  const all = [...new Set(["", ...names, ...folded])];
  const encoded = all.map((text) => new TextEncoder().encode(text));
  const bytes = new Uint8Array(encoded.flatMap((text) => [...text]));
  let end = 0;
  const ends = Uint32Array.from(encoded, (text) => (end += text.length));
  const rows = (texts: string[]) => Uint32Array.from(texts, (text) => all.indexOf(text));
  const none = new Uint32Array(names.length);
  const thread = (tid: number) => ({ name: `t${tid}`, tid, process: "p", pid: 1 });
  const metric = {
    name: "cpu-time",
    unit: "ns",
    kind: "sampled",
    description: "",
    total: 0,
    samples: 0,
    effective: 100,
  };
  return {
    about: {
      program: "p",
      title: "p",
      facts: [],
      missing: [],
      notes: [],
      remarks: [],
      metrics: [metric],
      own: 1,
      pairs: [],
      noise: [],
      threads: [thread(0), thread(1)],
      duration: 0,
      clock: "ns",
      heap: { unit: "", short: 500, end: 0 },
      creator: "",
    },
    texts: new Texts(bytes, ends),
    functions: {
      count: names.length,
      name: rows(names),
      folded: rows(folded),
      binary: none,
      file: none,
      namespace: none,
      line: none,
      kind: new Uint8Array(names.length),
      runtime: Uint8Array.from(names, (name) => (runtime.includes(name) ? 1 : 0)),
      role: Uint8Array.from(names, roleOf),
    },
    nodes,
    own: [ownOf(self)],
    samples,
    series: [],
    places: null,
    isWhole: true,
  };
}

export function ownOf(self: Float64Array): Own {
  const node = Uint32Array.from(self.keys()).filter((at) => self[at] !== 0);
  return { node, value: Float64Array.from(node, (at) => self[at]) };
}

/** A tree as lines, each with its depth as indentation: `  lex 3/3` is self 3 of total 3. */
export function drawn(name: (label: number) => string, { tree }: Answer): string[] {
  return Array.from(tree.label, (label, node) => {
    const indent = "  ".repeat(tree.depth[node]);
    return `${indent}${name(label)} ${tree.self[node]}/${tree.total[node]}`;
  });
}
