import { expect, it } from "vitest";
import { colouring } from "../src/flame/colours";
import type { View } from "../src/panels/view";

/** A view of functions `a`, `b` … of which each takes so much room, coloured by function. */
function view(room: number[], colour = "function"): View {
  const areas = Float64Array.from(room);
  const name = (label: number) => String.fromCharCode(97 + label);
  const whole = room.reduce((sum, one) => sum + one, 0);
  return {
    state: { colour },
    answer: { areas, sums: { self: areas }, tree: { other: null } },
    profile: { functions: {} },
    share: (amount: number) => amount / whole,
    percent: (amount: number) => `${amount}`,
    plainName: name,
    name,
  } as unknown as View;
}

const hue = (colour: number) => Math.floor(colour / 3);

it("a group keeps its colour when others are filtered out", () => {
  const all = colouring(view([5, 4, 3, 2]));
  const few = colouring(view([0, 1, 3, 0]), all);
  for (const label of [1, 2]) {
    expect(few.of(0, label)).toBe(all.of(0, label));
  }
  // What was left out has its colour when it is back.
  const again = colouring(view([5, 4, 3, 2]), few);
  expect([0, 1, 2, 3].map((label) => again.of(0, label))).toEqual(
    [0, 1, 2, 3].map((label) => all.of(0, label)),
  );
});

it("no two groups in sight share a colour, however they came", () => {
  const first = colouring(view(Array.from({ length: 30 }, (_, at) => 30 - at)));
  const then = colouring(view(Array.from({ length: 30 }, (_, at) => 1 + at)), first);
  const hues = then.legend.filter(({ name }) => name !== "other").map(({ colour }) => hue(colour));
  expect(new Set(hues).size).toBe(hues.length);
  expect(hues).toHaveLength(11);
});

it("every colour is explained, with a number if it has weight of its own", () => {
  const shown = view([6, 4, 0]);
  Object.assign(shown.answer, { sums: { self: Float64Array.from([10, 0, 0]) } });
  const { legend } = colouring(shown);
  expect(legend.map(({ name, text }) => [name, text])).toEqual([
    ["a", "10"],
    ["b", ""],
  ]);
});
