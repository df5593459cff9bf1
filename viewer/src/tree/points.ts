/** Allocation points: the stacks of a heap profile, each with its site, the function that asked for memory. */

import { ALLOCATOR, type Profile } from "../data/profile";
import type { Labels } from "./labels";
import type { Query } from "./query";
import { through } from "./weigh";

export interface Points {
  count: number;
  /** Where the stack ends. */
  node: Uint32Array;
  /** The innermost node of no allocator, no standard library and not hidden: as `--hide-allocators` has it. */
  site: Uint32Array;
  /** By metric. */
  values: Float64Array[];
  sums: number[];
}

/** Of allocation points. */
const OF_POINTS =
  /^(alloc|peak|exit|max|inuse|temporary|read|written|never-\w+|live)-(bytes|blocks)(-\d+)?$|^lifetime$/;

/** Whether a metric of a heap profile is about what was allocated. */
export function isOfHeap(name: string): boolean {
  return OF_POINTS.test(name);
}

/** Metrics that only profiles of a heap have. */
const HEAP = /^(alloc|peak|exit|inuse|never-read|never-written)-(bytes|blocks)$|^live-bytes-\d+$/;

/** Whether a profile is of a heap. Of two profiles, their differences are shown as those of any metric. */
export function isHeap({ about }: Profile): boolean {
  return about.pairs.length === 0 && about.metrics.some(({ name }) => HEAP.test(name));
}

/** The row of a metric, or -1. */
export function metricRow({ about }: Profile, name: string): number {
  return about.metrics.findIndex((metric) => metric.name === name);
}

export function pointsOf(profile: Profile, query: Query, labels: Labels): Points {
  const kept = through(profile.nodes, query.focus, labels);
  const node = used(profile, kept);
  const place = new Map(Array.from(node, (at, row) => [at, row]));
  const values = profile.own.map((own) => {
    const column = new Float64Array(node.length);
    own.node.forEach((at, row) => {
      const point = place.get(at);
      if (point !== undefined) {
        column[point] = own.value[row];
      }
    });
    return column;
  });
  const sums = values.map((column) => column.reduce((sum, value) => sum + value, 0));
  return { count: node.length, node, site: sites(profile, query, labels, node), values, sums };
}

/** The nodes in which anything of any metric ends. */
function used(profile: Profile, kept: Uint8Array): Uint32Array {
  const ends = new Uint8Array(profile.nodes.count);
  for (const { node } of profile.own) {
    for (const at of node) {
      ends[at] = kept[at];
    }
  }
  return Uint32Array.from(ends.keys()).filter((at) => ends[at] === 1);
}

function sites(profile: Profile, query: Query, labels: Labels, ends: Uint32Array): Uint32Array {
  const { nodes } = profile;
  const { role } = profile.functions;
  const hidden = new Set(query.hide.map((row) => labels.of[row]));
  const isHidden = (node: number) => hidden.has(labels.of[nodes.function[node]]);
  return ends.map((end) => {
    let allocates = false;
    let shown = -1;
    for (let at = end; at >= 0; at = nodes.parent[at]) {
      const found = role[nodes.function[at]];
      allocates ||= found === ALLOCATOR;
      if (!isHidden(at)) {
        if (found === 0) {
          return allocates || shown < 0 ? at : shown;
        }
        shown = shown < 0 ? at : shown;
      }
    }
    return shown < 0 ? end : shown;
  });
}

/** The sums of a metric by the label of the site, the heaviest first. */
export function bySite(profile: Profile, labels: Labels, points: Points, metric: number): [number, number][] {
  const sums = new Map<number, number>();
  for (let point = 0; point < points.count; point++) {
    const label = labels.of[profile.nodes.function[points.site[point]]];
    sums.set(label, (sums.get(label) ?? 0) + (points.values[metric]?.[point] ?? 0));
  }
  return [...sums].filter(([, sum]) => sum > 0).sort((a, b) => b[1] - a[1] || a[0] - b[0]);
}

/** Blocks and bytes of the points whose blocks lived up to a time on average. */
export interface Lifetimes {
  /** In the unit of lifetimes. */
  until: number;
  blocks: number;
  bytes: number;
}

/** Points by their average lifetime: up to `short`, to ten times that, and so on. */
export function lifetimes(profile: Profile, points: Points): Lifetimes[] {
  const of = (name: string) => points.values[metricRow(profile, name)];
  const [sum, blocks, bytes] = [of("lifetime"), of("alloc-blocks"), of("alloc-bytes")];
  if (!sum || !blocks || !bytes) {
    return [];
  }
  const least = Math.max(1, profile.about.heap.short);
  const classes: Lifetimes[] = [];
  for (let point = 0; point < points.count; point++) {
    if (blocks[point] > 0) {
      const row = decade(sum[point] / blocks[point], least);
      while (classes.length <= row) {
        classes.push({ until: least * 10 ** classes.length, blocks: 0, bytes: 0 });
      }
      classes[row].blocks += blocks[point];
      classes[row].bytes += bytes[point];
    }
  }
  return classes;
}

/** How often the least must be multiplied by ten to reach an average. */
function decade(average: number, least: number): number {
  let row = 0;
  for (let until = least; average > until; until *= 10) {
    row++;
  }
  return row;
}
