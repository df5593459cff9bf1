import { expect, it } from "vitest";
import { Ranking } from "../src/tree/ranking";

const values = Float64Array.from({ length: 1000 }, (_, row) => (row * 7919) % 13);
const name = (row: number) => `f${(row * 31) % 500}`;
const rows = Array.from({ length: 1000 }, (_, row) => row).filter((row) => values[row] > 0);

function sorted(): number[] {
  const byName = (a: number, b: number) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : a - b);
  return [...rows].sort((a, b) => values[b] - values[a] || byName(a, b));
}

it("rows are in the order of their values, then of their names, in whichever order they are looked at", () => {
  const wanted = sorted();
  const places = wanted.map((_, place) => (place * 337) % wanted.length);
  const ranking = new Ranking(rows, values, name);
  for (const place of places) {
    expect(ranking.at(place)).toBe(wanted[place]);
  }
  expect(new Ranking(rows, values, name).first(50)).toEqual(wanted.slice(0, 50));
  expect([ranking.length, ranking.at(-1), ranking.at(wanted.length)]).toEqual([wanted.length, -1, -1]);
});

it("a row is found where it is shown", () => {
  const wanted = sorted();
  for (const row of [wanted[3], wanted[500], wanted[wanted.length - 1]]) {
    const ranking = new Ranking(rows, values, name);
    const place = ranking.find(row);
    expect(place).toBe(wanted.indexOf(row));
    expect(ranking.at(place)).toBe(row);
  }
  expect(new Ranking(rows, values, name).find(0)).toBe(-1);
});

it("names of what is not looked at are not asked for", () => {
  let asked = 0;
  const ranking = new Ranking(rows, values, (row) => {
    asked++;
    return name(row);
  });
  ranking.first(5);
  expect(asked).toBeLessThan(rows.length / 10);
});
