/** What the page says beside numbers: made by `pyrometer.show.page`. */

export interface Metric {
  name: string;
  /** `ns`, `bytes` or `count`. */
  unit: string;
  /** `sampled` or `exact`. */
  kind: string;
  description: string;
  total: number;
  samples: number;
  /** Kish's effective number of samples, of all of them. */
  effective: number;
}

export interface Thread {
  name: string;
  tid: number;
  process: string;
  pid: number;
}

export interface Fact {
  name: string;
  text: string;
}

export interface Missing {
  text: string;
  bad: boolean;
}

/** What a heap profile says of lifetimes. */
export interface Heap {
  /** `instrs`, `µs`; empty if there are no lifetimes. */
  unit: string;
  /** Up to this average a lifetime is short. */
  short: number;
  /** When the program ended; 0 if it is not known. */
  end: number;
}

export interface About {
  /** The program, in a word. */
  program: string;
  /** What was run, and how it ended. */
  title: string;
  /** Of the profile, and of the one that it is compared with. */
  facts: Fact[][];
  /** What is missing of each, in sentences; `bad` if it makes the numbers worse. */
  missing: Missing[][];
  notes: string[];
  /** How totals came about, where that is not by stacks. */
  remarks: string[];
  metrics: Metric[];
  /** How many of them are the profile's own; the others are those of the one that it is compared with. */
  own: number;
  /** Of two profiles: the rows in `metrics` of what both have, after and before. */
  pairs: [number, number][];
  /** By pair: the functions whose own difference may be chance. */
  noise: string[][];
  threads: Thread[];
  /** Nanoseconds. */
  duration: number;
  /** The unit of the times of series: `ns`, `instructions` or `bytes` (allocated and freed). */
  clock: string;
  heap: Heap;
  creator: string;
}
