/** Texts by row, decoded when they are asked for: a profile may have a million names. */
export class Texts {
  private readonly bytes: Uint8Array;
  private readonly ends: Uint32Array;
  private readonly known: (string | undefined)[] = [];
  private decoded: string | null | undefined;

  constructor(bytes: Uint8Array, ends: Uint32Array) {
    this.bytes = bytes;
    this.ends = ends;
  }

  /** All texts in one string, if every byte is a letter of its own: then cutting is enough. */
  private get ascii(): string | null {
    if (this.decoded === undefined) {
      const whole = new TextDecoder().decode(this.bytes);
      this.decoded = whole.length === this.bytes.length ? whole : null;
    }
    return this.decoded;
  }

  /**
   * By row: 1 where a pattern is found. It is looked for in all texts at once, so that it must be letters alone, which
   * mean the same wherever they stand. Null if texts are not all ASCII: then they are in no one string.
   */
  having(letters: RegExp): Uint8Array | null {
    const { ascii, ends } = this;
    if (ascii === null) {
      return null;
    }
    const rows = new Uint8Array(ends.length);
    const wanted = new RegExp(letters.source, `${letters.flags}g`);
    for (let row = 0; wanted.test(ascii); ) {
      const end = wanted.lastIndex;
      const begun = end - letters.source.length;
      while (ends[row] <= begun) {
        row++;
      }
      if (end <= ends[row]) {
        rows[row] = 1;
        wanted.lastIndex = ends[row];
      } else {
        // Half of it is the next text's.
        wanted.lastIndex = begun + 1;
      }
    }
    return rows;
  }

  at(row: number): string {
    const start = row > 0 ? this.ends[row - 1] : 0;
    const { ascii } = this;
    if (ascii !== null) {
      return ascii.slice(start, this.ends[row]);
    }
    let text = this.known[row];
    if (text === undefined) {
      text = new TextDecoder().decode(this.bytes.subarray(start, this.ends[row]));
      this.known[row] = text;
    }
    return text;
  }
}
