/** A set of nodes: a bit each, so that they are in order without being sorted. */
export class Bits {
  private readonly words: Uint32Array;

  /** For numbers below `end`. */
  constructor(end: number) {
    this.words = new Uint32Array((end + 31) >>> 5);
  }

  add(number: number): void {
    this.words[number >>> 5] |= 1 << (number & 31);
  }

  /** The first from `number` on; -1 if there is none. */
  next(number: number): number {
    const { words } = this;
    let at = number >>> 5;
    let word = at < words.length ? words[at] & (-1 << (number & 31)) : 0;
    while (word === 0) {
      if (++at >= words.length) {
        return -1;
      }
      word = words[at];
    }
    return at * 32 + 31 - Math.clz32(word & -word);
  }
}
