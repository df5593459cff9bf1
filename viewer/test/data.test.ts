import { describe, expect, it } from "vitest";
import { Columns } from "../src/data/container";
import { wilson } from "../src/data/interval";
import { relate } from "../src/data/profile";
import { Texts } from "../src/data/texts";
import { bytes, count, duration, fixed, grouped, percent, seconds } from "../src/data/units";
import { fromAddress, START, toAddress } from "../src/state/state";
import { timeline } from "../src/tree/timeline";
import { made } from "./made";

function container(entries: object[], columns: number[]): ArrayBuffer {
  const directory = new TextEncoder().encode(JSON.stringify(entries));
  const first = Math.ceil((12 + directory.length) / 8) * 8;
  const whole = new Uint8Array(first + columns.length).fill(32, 0, first);
  whole.set(new TextEncoder().encode("PYROPAGE"));
  new DataView(whole.buffer).setUint32(8, directory.length, true);
  whole.set(directory, 12);
  whole.set(columns, first);
  return whole.buffer;
}

describe("the container", () => {
  const entries = [
    { name: "a", type: "u32", offset: 0, length: 8 },
    { name: "b", type: "text", offset: 8, length: 2 },
  ];
  const columns = new Columns(container(entries, [1, 0, 0, 0, 0, 1, 0, 0, 104, 105]));

  it("gives columns by name", () => {
    expect([...columns.u32("a")]).toEqual([1, 256]);
    expect(columns.text("b")).toBe("hi");
  });

  it("gives numbers of whatever type", () => {
    const of = (type: string, ...bytes: number[]) => [
      ...new Columns(container([{ name: "a", type, offset: 0, length: bytes.length }], bytes)).numbers("a"),
    ];
    expect(of("u8", 7, 8)).toEqual([7, 8]);
    expect(of("u16", 1, 1)).toEqual([257]);
    expect(of("u32", 0, 0, 1, 0)).toEqual([65_536]);
    expect(of("f64", 0, 0, 0, 0, 0, 0, 240, 191)).toEqual([-1]);
    expect(() => of("text", 65)).toThrow("no column a of f64");
  });

  it("says what is not there, or is something else", () => {
    expect(() => columns.u8("c")).toThrow("no column c");
    expect(() => columns.f64("a")).toThrow("no column a of f64");
    expect(() => new Columns(new ArrayBuffer(4))).toThrow("holds no profile");
  });
});

it("texts are cut by bytes, whatever their letters", () => {
  const of = (...texts: string[]) => {
    const encoded = texts.map((text) => new TextEncoder().encode(text));
    let end = 0;
    const ends = Uint32Array.from(encoded, (text) => (end += text.length));
    return new Texts(new Uint8Array(encoded.flatMap((text) => [...text])), ends);
  };
  expect(of("", "ab", "c").at(2)).toBe("c");
  expect(of("", "größe", "x").at(1)).toBe("größe");
  expect(of("", "größe", "x").at(2)).toBe("x");
});

it("parents and ends follow from depths", () => {
  const { parent, end } = relate(Uint32Array.of(0, 1, 2, 1, 0));
  expect([...parent]).toEqual([-1, 0, 1, 0, -1]);
  expect([...end]).toEqual([4, 3, 3, 4, 5]);
});

it("intervals are those of the other views", () => {
  const [low, high] = wilson(15 / 148, 148);
  expect([low.toFixed(4), high.toFixed(4)]).toEqual(["0.0624", "0.1605"]);
  expect(wilson(0.5, 0)).toEqual([0, 1]);
});

it("numbers are written as in the other views", () => {
  expect([duration(59_960), duration(0), duration(200e9), duration(1_234_567_890)]).toEqual([
    "60.0 µs",
    "0 s",
    "3 min 20 s",
    "1.23 s",
  ]);
  expect([bytes(900), bytes(1536), count(9_999_999), count(12_345_678)]).toEqual([
    "900 B",
    "1.5 KiB",
    "9,999,999",
    "12.3 M",
  ]);
  expect([percent(0.0123), seconds(1.5e9, 2e9)]).toEqual(["1.2", "1.50 s"]);
});

it("what lies in the middle goes to the even digit, as in the terminal", () => {
  expect([percent(0.0025), percent(0.0075), percent(0.0035), percent(0.125)]).toEqual([
    "0.2",
    "0.8",
    "0.4",
    "12.5",
  ]);
  expect(fixed(-0.25, 1)).toBe("-0.2");
});

describe("the address", () => {
  const limits = { metrics: 2, functions: 10, threads: 3, series: 2 };

  it("holds what is not as at the start, and brings it back", () => {
    const state = {
      ...START,
      metric: 1,
      focus: [3, 4],
      time: [1.5e6, 2e9] as [number, number],
      search: "a&b=c#",
      fold: true,
    };
    expect(fromAddress(toAddress(state), limits)).toEqual(state);
    expect(toAddress(START)).toBe("");
  });

  it("may be anything", () => {
    const wrong = "#panel=x&metric=9&focus=1_99_-1_x&time=5_2&zoom=0_7&threads=3&selected=10&sort=&order=1";
    expect(fromAddress(wrong, limits)).toEqual({ ...START, focus: [1] });
  });
});

it("the timeline sums equal spans", () => {
  const { samples } = made([
    { stack: "a", value: 1, time: 0 },
    { stack: "a", value: 2, time: 9 },
    { stack: "a", value: 4, time: 10, thread: 1 },
  ]);
  expect(samples && [...timeline(samples, 0, [], [0, 11], 2)]).toEqual([1, 6]);
  expect(samples && [...timeline(samples, 0, [1], [0, 11], 2)]).toEqual([0, 4]);
});

it("thousands are set apart", () => {
  expect([0, 999, 1_000, 1_234_567].map(grouped)).toEqual(["0", "999", "1,000", "1,234,567"]);
  expect([1_234.56, -1_234.5, -0.5, 1e6 - 0.01].map(count)).toEqual([
    "1,234.6",
    "-1,234.5",
    "-0.5",
    "1,000,000",
  ]);
});
