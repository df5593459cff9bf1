import { describe, expect, it } from "vitest";
import { Viewport } from "../src/flame/viewport";
import { answer } from "../src/tree/answer";
import { EVERYTHING } from "../src/tree/query";
import { made } from "./made";

/** A window of 1000 by 40 pixels: two rows. */
function viewport(icicle: boolean): { viewport: Viewport; scroller: { scrollTop: number } } {
  const scroller = { clientWidth: 1000, clientHeight: 40, scrollTop: 0 };
  const made_ = new Viewport(scroller as HTMLElement);
  const profile = made([
    { stack: "a;b;c;d", value: 60 },
    { stack: "a;e", value: 40 },
  ]);
  return { viewport: Object.assign(made_, { tree: answer(profile, EVERYTHING).tree, icicle }), scroller };
}

describe("the window", () => {
  it("has the root at the top, or at the bottom", () => {
    const { viewport: down } = viewport(true);
    expect([down.top(0), down.top(3), down.rowAt(0), down.rowAt(79)]).toEqual([0, 60, 0, 3]);
    const { viewport: up } = viewport(false);
    expect([up.top(0), up.top(3), up.rowAt(0), up.rowAt(79)]).toEqual([60, 0, 3, 0]);
  });

  it("finds what is below a pointer, zoomed as well", () => {
    const { viewport: shown } = viewport(true);
    expect([shown.nodeAt(10, 25), shown.nodeAt(700, 25), shown.nodeAt(700, 45)]).toEqual([1, 4, -1]);
    shown.set(0.5, 1);
    expect([shown.nodeAt(100, 25), shown.nodeAt(250, 25)]).toEqual([1, 4]);
  });

  it("never leaves the whole", () => {
    const { viewport: shown } = viewport(true);
    shown.set(0.4, 0.6);
    shown.pan(10);
    expect(shown.kept).toEqual([0.8, 1]);
    shown.zoomBy(1000, 0.5);
    expect(shown.kept).toEqual([0, 1]);
  });

  it("zooms around a place that stays where it is", () => {
    const { viewport: shown } = viewport(true);
    shown.zoomBy(0.5, 0.25);
    expect(shown.kept).toEqual([0.125, 0.625]);
  });

  it("brings a node into sight", () => {
    const { viewport: shown, scroller } = viewport(true);
    shown.reveal(3);
    expect(shown.top(3)).toBeLessThan(40);
    expect(scroller.scrollTop).toBeGreaterThan(0);
    shown.set(0.6, 1);
    shown.reveal(2);
    expect(shown.zoom[0]).toBeLessThan(0.59);
    shown.set(0.9, 1);
    shown.reveal(1);
    expect(shown.nodeAt(500, shown.top(1) + 5)).toBe(1);
  });
});
