/** Texts by row, decoded when they are asked for: a profile may have a million names. */
export class Texts {
  private readonly bytes: Uint8Array;
  private readonly ends: Uint32Array;
  private readonly known: (string | undefined)[] = [];
  /** All texts in one string, if every byte is a letter of its own: then cutting is enough. */
  private readonly ascii: string | null;

  constructor(bytes: Uint8Array, ends: Uint32Array) {
    this.bytes = bytes;
    this.ends = ends;
    const whole = new TextDecoder().decode(bytes);
    this.ascii = whole.length === bytes.length ? whole : null;
  }

  at(row: number): string {
    const start = row > 0 ? this.ends[row - 1] : 0;
    if (this.ascii !== null) {
      return this.ascii.slice(start, this.ends[row]);
    }
    let text = this.known[row];
    if (text === undefined) {
      text = new TextDecoder().decode(this.bytes.subarray(start, this.ends[row]));
      this.known[row] = text;
    }
    return text;
  }
}
