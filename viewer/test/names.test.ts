import { expect, it } from "vitest";
import { Names } from "../src/flame/names";
import type { View } from "../src/panels/view";

function view(names: string[]): View {
  return { labels: { count: names.length }, name: (label: number) => names[label] } as unknown as View;
}

it("names are those of the view, in as many letters as there are", () => {
  const names = new Names();
  const one = view(["core::str::from_utf8", "main"]);
  const named = names.of(one);
  expect([named(0, 30), named(0, 10), named(0, 10), named(1, 10)]).toEqual([
    "core::str::from_utf8",
    "from_utf8",
    "from_utf8",
    "main",
  ]);
  expect(names.of(view(["other", "main"]))(0, 10)).toBe("other");
});
