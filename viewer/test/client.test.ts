import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { EVERYTHING } from "../src/tree/query";
import { Helper } from "../src/work/client";
import { made } from "./made";

const profile = made([{ stack: "main", value: 3 }]);
vi.mock("../src/data/profile", async (original) => ({
  ...(await original<object>()),
  readProfile: () => profile,
}));

/** A worker that never answers. */
class Silent {
  static last: Silent;
  onerror: (() => void) | null = null;
  constructor() {
    Silent.last = this;
  }
  postMessage() {}
}

beforeEach(() => {
  vi.stubGlobal("window", {});
});
afterEach(() => {
  vi.unstubAllGlobals();
});

it("a page whose worker cannot be started computes by itself", async () => {
  vi.stubGlobal("Worker", () => {
    throw new Error("not here");
  });
  const { asker } = new Helper("").share(new ArrayBuffer(0));
  expect((await asker.ask(EVERYTHING)).whole).toBe(3);
});

it("a page whose worker fails before it has the profile does, too", async () => {
  vi.stubGlobal("Worker", Silent);
  const helper = new Helper("");
  Silent.last.onerror?.();
  const { asker } = helper.share(new ArrayBuffer(0));
  expect((await asker.ask(EVERYTHING)).whole).toBe(3);
});

it("what a worker leaves unanswered when it fails is answered by the page", async () => {
  vi.stubGlobal("Worker", Silent);
  const { asker } = new Helper("").share(new ArrayBuffer(0));
  const waiting = asker.ask(EVERYTHING);
  Silent.last.onerror?.();
  expect((await waiting).whole).toBe(3);
  expect((await asker.ask(EVERYTHING)).whole).toBe(3);
});
