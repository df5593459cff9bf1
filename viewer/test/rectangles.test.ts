import { expect, it } from "vitest";
import { Rectangles } from "../src/flame/rectangles";

/** Pixels of a row, as a canvas that draws on whole pixels alone has them; and how often it was asked to. */
function canvas(dense = 1) {
  const pixels = new Set<number>();
  const drawn = { pixels, calls: 0 };
  const fillRect = (left: number, top: number, wide: number) => {
    expect([left * dense, wide * dense]).toEqual([Math.round(left * dense), Math.round(wide * dense)]);
    drawn.calls++;
    for (let at = left * dense; at < (left + wide) * dense; at++) {
      pixels.add(top * 10_000 + at);
    }
  };
  const context = { getTransform: () => ({ a: dense }), fillRect } as unknown as CanvasRenderingContext2D;
  return { context, drawn };
}

function boxes(wide: number, count: number) {
  return Array.from({ length: count }, (_, row) => ({ x: row * wide, wide, top: 20 * (row % 2) }));
}

it("rectangles that touch are drawn as one, with the pixels of each", () => {
  const [together, apart] = [canvas(), canvas()];
  const rectangles = new Rectangles(together.context);
  const many = [...boxes(0.6, 100), ...boxes(1.4, 100)].sort((a, b) => a.top - b.top || a.x - b.x);
  for (const { x, wide, top } of many) {
    rectangles.add(x, wide, top, 19);
    const alone = new Rectangles(apart.context);
    alone.add(x, wide, top, 19);
    alone.end();
  }
  rectangles.end();
  expect(together.drawn.pixels).toEqual(apart.drawn.pixels);
  expect(apart.drawn.calls).toBe(200);
  expect(together.drawn.calls).toBeLessThan(100);
});

it("wide rectangles end a pixel before the next, narrow ones have at least a pixel of the screen", () => {
  const { context, drawn } = canvas(2);
  const rectangles = new Rectangles(context);
  rectangles.add(0, 5, 0, 19);
  rectangles.add(5, 0.1, 0, 19);
  rectangles.end();
  expect([...drawn.pixels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 10]);
  expect(drawn.calls).toBe(2);
});
