import { describe, expect, it } from "vitest";
import { bare, fitted } from "../src/flame/names";
import { nodeAt, Visible } from "../src/flame/visible";
import { hotPath, openRows } from "../src/panels/tree";
import { answer } from "../src/tree/answer";
import { Bits } from "../src/tree/bits";
import { nameOf } from "../src/tree/labels";
import { follow, pathOf, spanOf } from "../src/tree/path";
import { EVERYTHING } from "../src/tree/query";
import { find, pattern } from "../src/tree/search";
import { coveredBy } from "../src/tree/sums";
import { assembled, made, nodesOf } from "./made";

const profile = made([
  { stack: "main;parse", value: 25 },
  { stack: "main;solve", value: 60 },
  { stack: "main;solve;copy", value: 15 },
]);
const { tree } = answer(profile, EVERYTHING);
const window = { left: 0, right: 100, width: 1000, firstRow: 0, lastRow: 10 };

describe("what is drawn", () => {
  it("lies side by side, as wide as it weighs", () => {
    const boxes = new Visible().find(tree, window);
    const seen = Array.from({ length: boxes.count }, (_, box) => {
      const node = boxes.node[box];
      return `${nameOf(profile, tree.label[node])} ${tree.depth[node]}: ${boxes.x[box]}+${boxes.width[box]}`;
    });
    expect(seen).toEqual(["main 0: 0+1000", "solve 1: 0+750", "parse 1: 750+250", "copy 2: 0+150"]);
  });

  it("is cut to the window", () => {
    const boxes = new Visible().find(tree, { ...window, left: 50, right: 100, firstRow: 1, lastRow: 2 });
    expect([...boxes.x.slice(0, boxes.count)]).toEqual([0, 500]);
    expect([...boxes.width.slice(0, boxes.count)]).toEqual([500, 500]);
  });

  it("is bounded by pixels, and hides nothing wide behind what is narrow", () => {
    const narrow = 100_000;
    const names = ["root", "narrow", "wide"];
    const label = [0, ...new Array(narrow).fill(1), 2];
    const nodes = nodesOf(label, [0, ...new Array(narrow + 1).fill(1)]);
    const self = Float64Array.from(label, (row) => (row === 0 ? 0 : row === 1 ? 1 : narrow));
    const large = answer(assembled(names, nodes, self, null), { ...EVERYTHING, order: "name" }).tree;
    const boxes = new Visible().find(large, { ...window, right: large.whole });
    const drawn = [...boxes.node.slice(0, boxes.count)].map((node) => large.label[node]);
    expect(drawn).toContain(2);
    expect(boxes.count).toBeLessThan(2 * 1000);
  });

  it("is found by its place", () => {
    const at = (row: number, place: number) => nodeAt(tree, row, place);
    expect(nameOf(profile, tree.label[at(1, 80)])).toBe("parse");
    expect(nameOf(profile, tree.label[at(2, 14.9)])).toBe("copy");
    expect(at(2, 15.1)).toBe(-1);
    expect(at(3, 1)).toBe(-1);
  });
});

describe("names", () => {
  it("lose what is least telling first", () => {
    expect(fitted("alloc::vec::Vec<T>::push", 24)).toBe("alloc::vec::Vec<T>::push");
    expect(fitted("alloc::vec::Vec<T>::push", 21)).toBe("alloc::vec::Vec::push");
    expect(fitted("alloc::vec::Vec<T>::push", 14)).toBe("vec::Vec::push");
    expect(fitted("alloc::vec::Vec<T>::push", 4)).toBe("push");
    expect(fitted("alloc::vec::Vec<T>::push", 3)).toBe("pu…");
    expect(fitted("alloc::vec::Vec<T>::push", 2)).toBe("");
  });

  it("of a trait's function have the type", () => {
    expect(bare("<T as Trait>::call")).toBe("T::call");
    expect(bare("<a::B<C> as d::E<F>>::g")).toBe("a::B::g");
    expect(bare("<&mut S as Sink>::matched")).toBe("&mut S::matched");
    expect(bare("<[T]>::len")).toBe("[T]::len");
    expect(bare("<unbalanced")).toBe("<unbalanced");
    expect(fitted("<ignore::walk::FnVisitorImp as ignore::walk::ParallelVisitor>::visit", 20)).toBe(
      "FnVisitorImp::visit",
    );
  });

  it("keep closures", () => {
    expect(bare("a::b::{closure#0}")).toBe("a::b::{closure#0}");
    expect(bare("f(int, char const*) const")).toBe("f const");
    expect(bare("map<fn(u8) -> u8>::get")).toBe("map::get");
  });

  it("of ten thousand letters are cut at once", () => {
    expect(fitted("<".repeat(10_000), 10)).toHaveLength(10);
  });
});

describe("search", () => {
  const found = (search: string) => find(profile, tree, 5, pattern(search) ?? /$^/, false);

  it("counts what lies below a match once", () => {
    expect(found("solve|copy")).toMatchObject({ functions: 2, weight: 75 });
    expect(found(".")).toMatchObject({ functions: 4, weight: 100 });
    expect(found("nothing")).toMatchObject({ functions: 0, weight: 0 });
  });

  it("finds the same weight in a few nodes as in all", () => {
    const stack = (row: number) => [row % 7, row % 11, row % 7, row % 40].map((name) => `f${name}`).join(";");
    const many = made(
      Array.from({ length: 2000 }, (_, row) => ({ stack: stack(row), value: 1 + (row % 3) })),
    );
    const whole = answer(many, EVERYTHING).tree;
    const labels = many.functions.count + 1;
    for (const search of ["^f39$", "^f3", "^f3$|^f38$", "^f2[0-9]$", "f", "none"]) {
      const { matches, weight } = find(many, whole, labels, pattern(search) ?? /$^/, false);
      expect(weight).toBe(coveredBy(whole, matches));
    }
  });

  it("finds letters in all names at once as in each of them", () => {
    const names = ["Aab", "ab::a", "b", "baab", "ab", "", "a b", "Ba"];
    const pieces = made(names.map((name, row) => ({ stack: `${name};x${row}`, value: 1 })));
    const whole = answer(pieces, EVERYTHING).tree;
    const labels = pieces.functions.count;
    for (const search of ["a", "ab", "aab", "ba", "B", "Aa", "b::", "aba", "x1", "bb", " ", "ſ"]) {
      const wanted = pattern(search) ?? /$^/;
      const { matches, functions } = find(pieces, whole, labels, wanted, false);
      const each = Array.from({ length: labels }, (_, label) => wanted.test(nameOf(pieces, label)));
      expect([...matches].map(Boolean)).toEqual(each);
      expect(functions).toBe(each.filter(Boolean).length);
    }
  });

  it("is of any case unless it has capitals", () => {
    expect(pattern("par")?.test("PARSE")).toBe(true);
    expect(pattern("Par")?.test("PARSE")).toBe(false);
    expect(pattern("(")).toBeNull();
  });
});

it("a set of nodes has them in order", () => {
  const numbers = [0, 1, 31, 32, 63, 200, 511];
  const bits = new Bits(512);
  for (const number of [...numbers].reverse()) {
    bits.add(number);
  }
  const found: number[] = [];
  for (let number = bits.next(0); number >= 0; number = bits.next(number + 1)) {
    found.push(number);
  }
  expect(found).toEqual(numbers);
  expect(bits.next(512)).toBe(-1);
});

describe("the table of the tree", () => {
  it("shows the children of what is open", () => {
    const names = (open: number[]) =>
      [...openRows(tree, new Set(open))].map((node) => nameOf(profile, tree.label[node]));
    expect(names([])).toEqual(["main"]);
    expect(names([0])).toEqual(["main", "solve", "parse"]);
    expect(names([0, 1])).toEqual(["main", "solve", "copy", "parse"]);
    expect(names([1])).toEqual(["main"]);
  });

  it("opens the path that most of the weight takes", () => {
    expect(hotPath(tree, 0).map((node) => nameOf(profile, tree.label[node]))).toEqual(["main", "solve"]);
  });

  it("finds a path again in another tree", () => {
    expect(follow(tree, [tree.label[0], tree.label[1], tree.label[2]])).toBe(2);
    expect(follow(tree, [tree.label[0], 999])).toBe(0);
    expect(follow(tree, [999])).toBe(-1);
    expect(follow(tree, pathOf(tree, 3))).toBe(3);
    expect(spanOf(tree, 3)).toEqual([0.75, 1]);
  });
});
