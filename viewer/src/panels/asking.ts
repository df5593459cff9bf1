/** Who asks for memory: of a heap, all stacks end in an allocator. */

import { bySite, isHeap, isOfHeap, pointsOf } from "../tree/points";
import type { View } from "./view";

/** Whether the metric that is shown is of what was allocated. */
export function ofHeap({ profile, metric }: View): boolean {
  return isHeap(profile) && isOfHeap(metric.name);
}

/** Labels with what they asked for, the most first. */
export function asking({ profile, state, labels }: View): [number, number][] {
  return bySite(profile, labels, pointsOf(profile, state, labels), state.metric);
}
