/** What samples that end in a node weigh: of most nodes nothing, so that only the others are kept. */

import type { Numbers } from "./container";

export interface Own {
  /** In ascending order. */
  node: Uint32Array;
  value: Numbers;
}

/** A value for each node. */
export function spread({ node, value }: Own, count: number): Float64Array<ArrayBuffer> {
  const all = new Float64Array(count);
  for (let row = 0; row < node.length; row++) {
    all[node[row]] = value[row];
  }
  return all;
}
