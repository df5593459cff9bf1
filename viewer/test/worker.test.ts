import { expect, it } from "vitest";
import { answer } from "../src/tree/answer";
import { EVERYTHING } from "../src/tree/query";
import { fillIn, lend } from "../src/work/worker";
import { made } from "./made";

it("what the page has itself is not sent to it", () => {
  const profile = made([
    { stack: "main;parse", value: 2 },
    { stack: "main", value: 1 },
  ]);
  const { tree } = answer(profile, EVERYTHING);
  const whole = { ...tree };
  const lent = lend(tree, profile.nodes);
  expect(lent).toEqual({
    label: "function",
    parent: "parent",
    inlined: "inlined",
    depth: "depth",
    end: "end",
  });
  expect(Object.keys(tree)).not.toContain("label");
  fillIn(tree, lent, profile.nodes);
  expect(tree).toEqual(whole);
});

it("a tree of its own is sent whole", () => {
  const profile = made([{ stack: "main;parse", value: 2 }]);
  const { tree } = answer(profile, { ...EVERYTHING, inverted: true });
  expect(lend(tree, profile.nodes)).toEqual({});
});
