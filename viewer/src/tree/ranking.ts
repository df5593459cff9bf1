/**
 * Rows in an order, of which only those that are looked at are told apart by name: to compare the names of a million
 * functions takes seconds, and a table shows some thirty of them.
 */

export class Ranking {
  private readonly rows: Uint32Array;
  /** 1 where rows of the same value are in the order of their names. */
  private readonly settled: Uint8Array;

  /** The largest value first, by row; of equals, the name decides. */
  constructor(
    rows: Iterable<number>,
    private readonly values: Float64Array,
    private readonly name: (row: number) => string,
  ) {
    this.rows = Uint32Array.from(rows).sort((a, b) => values[b] - values[a]);
    this.settled = new Uint8Array(this.rows.length);
  }

  get length(): number {
    return this.rows.length;
  }

  /** The row at a place; -1 beyond the last. */
  at(place: number): number {
    if (place < 0 || place >= this.rows.length) {
      return -1;
    }
    this.settle(place);
    return this.rows[place];
  }

  /** The first `count` of them. */
  first(count: number): number[] {
    return Array.from({ length: Math.min(count, this.length) }, (_, place) => this.at(place));
  }

  /** The place of a row, or -1. */
  find(row: number): number {
    const place = this.rows.indexOf(row);
    if (place < 0 || this.settled[place]) {
      return place;
    }
    this.settle(place);
    return this.rows.indexOf(row);
  }

  /** Sorts what weighs as much as the row at a place. */
  private settle(place: number): void {
    if (this.settled[place]) {
      return;
    }
    const { rows, values } = this;
    const value = values[rows[place]];
    let [first, last] = [place, place + 1];
    while (first > 0 && values[rows[first - 1]] === value) {
      first--;
    }
    while (last < rows.length && values[rows[last]] === value) {
      last++;
    }
    const equal = Array.from(rows.subarray(first, last), (row) => ({ row, name: this.name(row) }));
    equal.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.row - b.row));
    rows.set(
      equal.map(({ row }) => row),
      first,
    );
    this.settled.fill(1, first, last);
  }
}
