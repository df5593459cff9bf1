/** What nodes are put together by: functions, functions without generic arguments, the runtime as one. */

import { KERNEL, type Profile } from "../data/profile";
import type { Query } from "./query";

/** Labels are rows of functions, then the runtime, then threads. */
export interface Labels {
  count: number;
  /** For each function. */
  of: Uint32Array;
  /** The label of the runtime. */
  runtime: number;
}

export function labelsOf(profile: Profile, query: Pick<Query, "fold" | "runtime">): Labels {
  const { functions } = profile;
  const runtime = functions.count;
  const of = query.fold ? folded(profile) : Uint32Array.from({ length: functions.count }, (_, row) => row);
  if (query.runtime) {
    for (let row = 0; row < functions.count; row++) {
      if (functions.runtime[row]) {
        of[row] = runtime;
      }
    }
  }
  return { count: functions.count + 1 + profile.about.threads.length, of, runtime };
}

/** The first function of the same folded name in the same binary. */
function folded({ functions }: Profile): Uint32Array {
  const first = new Map<string, number>();
  const of = new Uint32Array(functions.count);
  for (let row = 0; row < functions.count; row++) {
    const key = `${functions.folded[row]} ${functions.binary[row]}`;
    const known = first.get(key);
    of[row] = known ?? row;
    if (known === undefined) {
      first.set(key, row);
    }
  }
  return of;
}

/** The label of a thread, in a tree in the order of time. */
export function threadLabel(profile: Profile, thread: number): number {
  return profile.functions.count + 1 + thread;
}

/** Whether a label is a function. */
export function isFunction(profile: Profile, label: number): boolean {
  return label < profile.functions.count;
}

/** What a label is called. */
export function nameOf(profile: Profile, label: number, fold = false): string {
  const { functions, texts, about } = profile;
  if (label < functions.count) {
    return texts.at((fold ? functions.folded : functions.name)[label]);
  }
  if (label === functions.count) {
    return "[runtime]";
  }
  const thread = about.threads[label - functions.count - 1];
  return `thread ${thread.name} (${thread.tid})`;
}

/** The same, marked when it is the kernel's. */
export function markedName(profile: Profile, label: number, fold = false): string {
  const name = nameOf(profile, label, fold);
  const { kind } = profile.functions;
  return isFunction(profile, label) && kind[label] === KERNEL && !name.includes("[")
    ? `${name} [kernel]`
    : name;
}
