/** Lines and instructions of the selected samples only. */

import type { CodeListing, Listing, SourceListing } from "../data/listing";
import { addressOf, type Places, unsigned } from "../data/places";
import type { Profile } from "../data/profile";
import type { Labels } from "./labels";
import type { Query } from "./query";
import { range, through } from "./weigh";

export interface Restricted {
  listing: Listing;
  /** By metric: what all selected samples weigh. */
  wholes: number[];
}

/** Values of the stacks that samples end in, by metric, and of those with all that they called. */
interface Weighed {
  self: Float64Array[];
  total: Float64Array[];
  wholes: number[];
}

/** The listing with the values of the samples that a query selects; null if the page cannot tell them apart. */
export function restrict(
  profile: Profile,
  query: Query,
  labels: Labels,
  listing: Listing,
): Restricted | null {
  const { places } = profile;
  if (!places) {
    return null;
  }
  const weighed = weighStacks(profile, places, query, labels);
  const own = framesOf(profile, places, listing.function);
  return {
    listing: {
      ...listing,
      sources: listing.sources.map((source) => ofLines(profile, places, weighed, own, source)),
      code: listing.code.map((code) => ofCode(profile, places, weighed, own, code)),
    },
    wholes: weighed.wholes,
  };
}

function weighStacks(profile: Profile, places: Places, query: Query, labels: Labels): Weighed {
  const { samples, about } = profile;
  const count = places.up.length;
  const metrics = about.metrics.slice(0, about.own);
  const self = metrics.map(() => new Float64Array(count));
  const wholes = metrics.map(() => 0);
  const kept = query.focus.length > 0 ? through(profile.nodes, query.focus, labels) : null;
  const threads = query.threads.length > 0 ? new Set(query.threads) : null;
  const [first, last] = samples ? range(samples, query.time) : [0, 0];
  for (let row = first; samples && row < last; row++) {
    const passes = (!kept || kept[samples.node[row]]) && (!threads || threads.has(samples.thread[row]));
    if (passes) {
      self[samples.metric[row]][places.stack[row]] += samples.value[row];
      wholes[samples.metric[row]] += samples.value[row];
    }
  }
  return { self, total: self.map((values) => addUp(places.up, values)), wholes };
}

function addUp(up: Uint32Array, self: Float64Array): Float64Array {
  const total = self.slice();
  for (let stack = up.length - 1; stack >= 0; stack--) {
    if (up[stack] > 0) {
      total[stack - up[stack]] += total[stack];
    }
  }
  return total;
}

/** For each frame, 1 if it is of a function of this name. */
function framesOf({ functions, texts }: Profile, places: Places, name: string): Uint8Array {
  const named = Uint8Array.from(functions.name, (text) => (texts.at(text) === name ? 1 : 0));
  return Uint8Array.from(places.function, (row) => named[row]);
}

function ofLines(
  { texts }: Profile,
  places: Places,
  weighed: Weighed,
  own: Uint8Array,
  source: SourceListing,
): SourceListing {
  const rows = new Map(source.line.map((line, row) => [line, row]));
  const row = (frame: number) =>
    own[frame] && texts.at(places.file[frame]) === source.path ? (rows.get(places.line[frame]) ?? -1) : -1;
  const rowOf = Int32Array.from(places.function.keys(), row);
  const nothing = () => weighed.self.map(() => source.line.map(() => 0));
  const [self, total] = [nothing(), nothing()];
  places.frame.forEach((frame, stack) => {
    const at = rowOf[frame];
    if (at >= 0) {
      const counts = isOutermost(places, rowOf, stack);
      for (let metric = 0; metric < self.length; metric++) {
        self[metric][at] += weighed.self[metric][stack];
        total[metric][at] += counts ? weighed.total[metric][stack] : 0;
      }
    }
  });
  return { ...source, self, total };
}

/** Whether no caller is at the same line: what recurs counts once. */
function isOutermost({ up, frame }: Places, rowOf: Int32Array, stack: number): boolean {
  for (let at = stack; up[at] > 0; ) {
    at -= up[at];
    if (rowOf[frame[at]] === rowOf[frame[stack]]) {
      return false;
    }
  }
  return true;
}

function ofCode(
  { texts }: Profile,
  places: Places,
  weighed: Weighed,
  own: Uint8Array,
  code: CodeListing,
): CodeListing {
  const rows = new Map(code.address.map((address, row) => [unsigned(address), row]));
  // Of a frame of the function that is not listed here -2: code that is inlined into it is not either.
  const row = (frame: number) => {
    const address = own[frame] ? addressOf(places, frame) : "";
    return address === ""
      ? -1
      : texts.at(places.binary[frame]) === code.binary
        ? (rows.get(address) ?? -2)
        : -2;
  };
  const rowOf = Int32Array.from(places.function.keys(), row);
  const rowOfStack = new Int32Array(places.up.length);
  const self = weighed.self.map(() => code.address.map(() => 0));
  places.frame.forEach((frame, stack) => {
    const around = places.inlined[frame] && places.up[stack] > 0 ? rowOfStack[stack - places.up[stack]] : -1;
    const at = rowOf[frame] === -1 ? around : rowOf[frame];
    rowOfStack[stack] = at;
    for (let metric = 0; at >= 0 && metric < self.length; metric++) {
      self[metric][at] += weighed.self[metric][stack];
    }
  });
  return { ...code, self };
}
