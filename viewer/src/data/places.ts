/** Stacks as they were before frames of one function were put together: with the lines and addresses of each. */

import type { Columns } from "./container";

export interface Places {
  /** By sample. */
  stack: Uint32Array;
  /** By stack: how many rows before it its caller stands, 0 at a root. */
  up: Uint32Array;
  frame: Uint32Array;
  /** By frame. */
  function: Uint32Array;
  file: Uint32Array;
  line: Uint32Array;
  binary: Uint32Array;
  inlined: Uint8Array;
  /** Halves of the address; 0 for none. */
  low: Uint32Array;
  high: Uint32Array;
}

export function readPlaces(columns: Columns): Places | null {
  if (!columns.has("stacks.up")) {
    return null;
  }
  const frames = (name: string) => columns.u32(`frames.${name}`);
  return {
    stack: columns.u32("samples.stack"),
    up: columns.u32("stacks.up"),
    frame: columns.u32("stacks.frame"),
    function: frames("function"),
    file: frames("file"),
    line: frames("line"),
    binary: frames("binary"),
    inlined: columns.u8("frames.inlined"),
    low: frames("low"),
    high: frames("high"),
  };
}

/** The address of a frame in hexadecimal; empty for none. */
export function addressOf({ low, high }: Places, frame: number): string {
  if (high[frame] === 0) {
    return low[frame] === 0 ? "" : low[frame].toString(16);
  }
  return high[frame].toString(16) + low[frame].toString(16).padStart(8, "0");
}

/** An address as Python writes it, where large ones are negative. */
export function unsigned(address: string): string {
  return address.startsWith("-")
    ? BigInt.asUintN(64, -BigInt(`0x${address.slice(1)}`)).toString(16)
    : address;
}
