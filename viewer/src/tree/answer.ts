/** From a question to what the panels show. */

import type { Nodes, Profile } from "../data/profile";
import { chronicle } from "./chronicle";
import { invert } from "./invert";
import { type Labels, labelsOf, nameOf } from "./labels";
import { merge, type Values } from "./merge";
import type { Answer, Others, Query } from "./query";
import { sumByLabel } from "./sums";
import { addUp, arrange, type Grown, heaviestFirst, place, type Tree } from "./tree";
import { weigh } from "./weigh";

export function answer(profile: Profile, query: Query): Answer {
  const labels = labelsOf(profile, query);
  const { self, whole, effective } = weigh(profile, query, labels);
  const values = { self, totals: addUp(profile.nodes.parent, self) };
  const sums = sumByLabel(profile.nodes, self, values.totals, labels);
  const other = query.against >= 0 ? against(profile, query, labels) : null;
  const tree = grow(profile, query, labels, values, other);
  return { tree, sums, others: other?.others ?? null, totals: values.totals, areas: null, whole, effective };
}

/** What is compared with. */
function against(profile: Profile, query: Query, labels: Labels): Values & { others: Others } {
  const { self, whole, effective } = weigh(profile, { ...query, metric: query.against }, labels);
  const totals = addUp(profile.nodes.parent, self);
  return {
    self,
    totals,
    others: { sums: sumByLabel(profile.nodes, self, totals, labels), whole, effective },
  };
}

function grow(profile: Profile, query: Query, labels: Labels, values: Values, other: Values | null): Tree {
  if (query.order === "time" && !query.inverted && profile.samples) {
    return chronicle(profile, profile.samples, labels, query, values.self);
  }
  const whole = isStored(query) ? stored(profile, values, isAll(query)) : null;
  if (whole) {
    return whole;
  }
  const upright = merge(profile.nodes, values, other, labels, query);
  if (!query.inverted) {
    return arrange(upright, order(profile, query, upright));
  }
  const inverted = invert(arrange(upright, (a, b) => a - b));
  return arrange(inverted, order(profile, query, inverted));
}

/** Whether the tree that is asked for is the one that the profile holds. */
function isStored(query: Query): boolean {
  const changes =
    query.against >= 0 ||
    query.inverted ||
    query.fold ||
    query.runtime ||
    query.recursion ||
    query.hide.length > 0;
  return query.metric === 0 && query.order === "weight" && !changes;
}

/** Whether all samples are selected: then the nodes stand in the order of their weights, as they were written. */
function isAll(query: Query): boolean {
  return query.time === null && query.threads.length === 0 && query.focus.length === 0;
}

/** The tree as it is, in the order of its weights. Null if they are now others, or a node has none. */
function stored({ nodes }: Profile, { self, totals: total }: Values, isAll: boolean): Tree | null {
  for (let node = 0; node < nodes.count; node++) {
    if (total[node] <= 0) {
      return null;
    }
  }
  if (!isAll && !isSorted(nodes, total)) {
    return null;
  }
  const { function: label, parent, end, inlined, depth } = nodes;
  return place({ label, parent, self, total, inlined, other: null }, depth, end);
}

/** Whether no sibling weighs more than the one before it. */
function isSorted(nodes: Nodes, total: Float64Array): boolean {
  const last = new Float64Array(nodes.count + 1).fill(Number.POSITIVE_INFINITY);
  for (let node = 0; node < nodes.count; node++) {
    const siblings = nodes.parent[node] + 1;
    if (total[node] > last[siblings]) {
      return false;
    }
    last[siblings] = total[node];
  }
  return true;
}

function order(profile: Profile, query: Query, grown: Grown): (a: number, b: number) => number {
  if (query.order === "weight") {
    return heaviestFirst(grown.total);
  }
  const rank = ranks(profile, query, grown.label);
  return (a, b) => (rank.get(grown.label[a]) ?? 0) - (rank.get(grown.label[b]) ?? 0);
}

/** The place of each label that is there in the order of their names. */
function ranks(profile: Profile, query: Query, labels: Uint32Array): Map<number, number> {
  const names = [...new Set(labels)].map((label) => ({ label, name: nameOf(profile, label, query.fold) }));
  names.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.label - b.label));
  return new Map(names.map(({ label }, rank) => [label, rank]));
}
