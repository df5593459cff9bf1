/** Named columns in one run of bytes, as `crates/tables/src/page/container.rs` writes them. */

const MAGIC = "PYROPAGE";
const HEAD = 12;
const ALIGNMENT = 8;

interface Entry {
  name: string;
  type: "u8" | "u16" | "u32" | "f64" | "text";
  offset: number;
  length: number;
}

/** A column of the smallest type that holds all its values. */
export type Numbers = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** Columns by name: arrays that lie over the bytes, without a copy. A column that is not there is an error. */
export class Columns {
  private readonly entries: Map<string, Entry>;
  private readonly bytes: ArrayBuffer;
  private readonly first: number;

  constructor(bytes: ArrayBuffer) {
    const head = new Uint8Array(bytes, 0, Math.min(HEAD, bytes.byteLength));
    if (new TextDecoder().decode(head.subarray(0, MAGIC.length)) !== MAGIC) {
      throw new Error("this page holds no profile: its data does not begin as one");
    }
    const length = new DataView(bytes).getUint32(MAGIC.length, true);
    const directory = new TextDecoder().decode(new Uint8Array(bytes, HEAD, length));
    this.entries = new Map((JSON.parse(directory) as Entry[]).map((entry) => [entry.name, entry]));
    this.bytes = bytes;
    this.first = Math.ceil((HEAD + length) / ALIGNMENT) * ALIGNMENT;
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  u8(name: string): Uint8Array {
    const { offset, length } = this.entry(name, "u8");
    return new Uint8Array(this.bytes, offset, length);
  }

  u32(name: string): Uint32Array {
    const { offset, length } = this.entry(name, "u32");
    return new Uint32Array(this.bytes, offset, length / 4);
  }

  f64(name: string): Float64Array {
    const { offset, length } = this.entry(name, "f64");
    return new Float64Array(this.bytes, offset, length / 8);
  }

  numbers(name: string): Numbers {
    switch (this.entries.get(name)?.type) {
      case "u8":
        return this.u8(name);
      case "u16": {
        const { offset, length } = this.entry(name, "u16");
        return new Uint16Array(this.bytes, offset, length / 2);
      }
      case "u32":
        return this.u32(name);
      default:
        return this.f64(name);
    }
  }

  text(name: string): string {
    const { offset, length } = this.entry(name, "text");
    return new TextDecoder().decode(new Uint8Array(this.bytes, offset, length));
  }

  private entry(name: string, type: Entry["type"]): Entry {
    const entry = this.entries.get(name);
    if (entry?.type !== type) {
      throw new Error(`the profile's data has no column ${name} of ${type}`);
    }
    return { ...entry, offset: entry.offset + this.first };
  }
}
