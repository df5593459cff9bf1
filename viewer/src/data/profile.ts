/** A profile in memory: columns, no rows. */

import type { About } from "./about";
import { Columns, type Numbers } from "./container";
import type { Own } from "./own";
import { type Places, readPlaces } from "./places";
import { readSeries, type Series } from "./series";
import { Texts } from "./texts";

export const KERNEL = 1;
export const LIBRARY = 1;
export const ALLOCATOR = 2;

export interface Functions {
  count: number;
  name: Uint32Array;
  folded: Uint32Array;
  binary: Uint32Array;
  file: Uint32Array;
  namespace: Uint32Array;
  line: Uint32Array;
  kind: Uint8Array;
  runtime: Uint8Array;
  /** Of {@link LIBRARY}, {@link ALLOCATOR}; 0 for others. */
  role: Uint8Array;
}

/** The call tree in depth-first order: the subtree of node `n` is `n` to `end[n]`, without the latter. */
export interface Nodes {
  count: number;
  function: Uint32Array;
  depth: Uint32Array;
  /** -1 for a root. */
  parent: Int32Array;
  end: Uint32Array;
  inlined: Uint8Array;
}

/** In the order of time. */
export interface Samples {
  count: number;
  node: Uint32Array;
  thread: Numbers;
  metric: Uint8Array;
  value: Numbers;
  /** Observations that each stands for. */
  counts: Numbers;
  /** Nanoseconds since the start; worked out when they are first asked for. */
  readonly time: Float64Array;
}

export interface Profile {
  about: About;
  texts: Texts;
  functions: Functions;
  nodes: Nodes;
  /** By metric. */
  own: Own[];
  /** Null if the samples have no times, or are too many for a page. */
  samples: Samples | null;
  series: Series[];
  /** Null if samples have no times, or no frame has a line or an address. */
  places: Places | null;
  /** Without it there are no nodes, and none of which samples are: a server is asked for what is shown. */
  isWhole: boolean;
}

export function readProfile(bytes: ArrayBuffer): Profile {
  const columns = new Columns(bytes);
  const about = JSON.parse(columns.text("about")) as About;
  const isWhole = columns.has("nodes.depth");
  const nodes = isWhole ? readNodes(columns) : NONE;
  return {
    about,
    texts: new Texts(columns.u8("strings.bytes"), columns.u32("strings.ends")),
    functions: readFunctions(columns),
    nodes,
    own: isWhole ? about.metrics.map((_, metric) => readOwn(columns, metric)) : [],
    samples: readSamples(columns),
    series: readSeries(columns),
    places: readPlaces(columns),
    isWhole,
  };
}

function readFunctions(columns: Columns): Functions {
  const texts = (name: string) => columns.u32(`functions.${name}`);
  const name = texts("name");
  return {
    count: name.length,
    name,
    folded: texts("folded"),
    binary: texts("binary"),
    file: texts("file"),
    namespace: texts("namespace"),
    line: texts("line"),
    kind: columns.u8("functions.kind"),
    runtime: columns.u8("functions.runtime"),
    role: columns.u8("functions.role"),
  };
}

const NONE: Nodes = {
  count: 0,
  function: new Uint32Array(0),
  depth: new Uint32Array(0),
  parent: new Int32Array(0),
  end: new Uint32Array(0),
  inlined: new Uint8Array(0),
};

export function readNodes(columns: Columns): Nodes {
  const depth = columns.u32("nodes.depth");
  const { parent, end } = relate(depth);
  return {
    count: depth.length,
    function: columns.u32("nodes.function"),
    depth,
    parent,
    end,
    inlined: columns.u8("nodes.inlined"),
  };
}

/** Parents and ends of subtrees of nodes in depth-first order. */
export function relate(depth: Uint32Array): { parent: Int32Array; end: Uint32Array } {
  const parent = new Int32Array(depth.length);
  const end = new Uint32Array(depth.length);
  const path: number[] = [];
  for (let node = 0; node < depth.length; node++) {
    const at = depth[node];
    parent[node] = at > 0 ? path[at - 1] : -1;
    path[at] = node;
  }
  // From the end: what ends last below a node comes first, and ends where the node does.
  for (let node = depth.length - 1; node >= 0; node--) {
    end[node] ||= node + 1;
    const above = parent[node];
    if (above >= 0) {
      end[above] ||= end[node];
    }
  }
  return { parent, end };
}

function readOwn(columns: Columns, metric: number): Own {
  return { node: columns.u32(`self.${metric}.node`), value: columns.numbers(`self.${metric}.value`) };
}

function readSamples(columns: Columns): Samples | null {
  const count = columns.has("samples.delta") ? columns.numbers("samples.delta").length : 0;
  if (count === 0) {
    return null;
  }
  let known: Float64Array | null = null;
  return {
    count,
    node: columns.has("samples.node") ? columns.u32("samples.node") : new Uint32Array(0),
    thread: columns.numbers("samples.thread"),
    metric: columns.u8("samples.metric"),
    value: columns.numbers("samples.value"),
    counts: columns.numbers("samples.count"),
    get time() {
      known ??= times(columns.numbers("samples.delta"), columns.f64("samples.tick")[0]);
      return known;
    },
  };
}

function times(deltas: Numbers, tick: number): Float64Array {
  const times = new Float64Array(deltas.length);
  let ticks = 0;
  for (let row = 0; row < deltas.length; row++) {
    ticks += deltas[row];
    times[row] = ticks * tick;
  }
  return times;
}
