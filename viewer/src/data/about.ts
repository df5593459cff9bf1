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

export interface About {
  /** The program, in a word. */
  program: string;
  /** What was run, and how it ended. */
  title: string;
  facts: Fact[];
  /** What is missing, each a sentence; `bad` if it makes the numbers worse. */
  missing: { text: string; bad: boolean }[];
  notes: string[];
  /** How totals came about, where that is not by stacks. */
  remarks: string[];
  metrics: Metric[];
  threads: Thread[];
  /** Nanoseconds. */
  duration: number;
  creator: string;
}
