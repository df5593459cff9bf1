/** A large profile, of which a server is asked for what is shown. */

import { Columns } from "../data/container";
import { type Profile, readNodes } from "../data/profile";
import { START, type State } from "../state/state";
import type { Labels } from "../tree/labels";
import { isHeap } from "../tree/points";
import { type Answer, EVERYTHING, type Query, type Sums } from "../tree/query";
import { place, type Sight, type Tree } from "../tree/tree";
import type { Around, Source } from "./source";

/** Nodes that a server is told of: with more, the address would be too long, and little is left out anyway. */
const MOST_OPENED = 4096;

/** Gets what a server has by that name. */
export type Fetch = (name: string) => Promise<ArrayBuffer>;

export class Served implements Source {
  private inside: Source | null = null;
  private coming: Promise<Source> | null = null;
  private readonly known = new Map<string, Promise<Around>>();
  /** What of the metric's tree has been looked at. */
  private metric = -1;
  private readonly opened = new Set<number>();
  private window: [number, number] | null = null;
  /** The sums of the answer that is its own. */
  private sums: Sums | null = null;

  constructor(
    private readonly head: Profile,
    private readonly fetch: Fetch,
    /** Fetches all of it. */
    private readonly whole: () => Promise<Source>,
  ) {}

  get profile(): Profile {
    return this.inside?.profile ?? this.head;
  }

  lacks(state: State): boolean {
    return this.inside === null && needsWhole(this.head, state);
  }

  async ask(query: Query, state: State): Promise<Answer> {
    const inside = this.lacks(state) ? await this.all() : this.inside;
    return inside ? inside.ask(query, state) : this.overview(query.metric);
  }

  refine(answer: Answer, { open = [], window }: Sight): Promise<Answer> | null {
    if (!answer.tree.cut || answer.sums !== this.sums) {
      return null;
    }
    for (const node of open) {
      this.opened.add(node);
    }
    this.window = window ?? this.window;
    if (this.opened.size > MOST_OPENED) {
      const plain = { ...START, metric: this.metric };
      return this.all().then((inside) => inside.ask(plain, plain));
    }
    return this.tree(this.metric).then((tree) => ({ ...answer, tree }));
  }

  around(answer: Answer, labels: Labels, metric: number, label: number): Around | Promise<Around> {
    if (this.inside && answer.totals.length > 0) {
      return this.inside.around(answer, labels, metric, label);
    }
    const name = `neighbours?metric=${metric}&function=${label}`;
    const known = this.known.get(name);
    if (known) {
      return known;
    }
    const coming = this.fetch(name).then(readAround);
    this.known.set(name, coming);
    // What failed is asked again the next time.
    coming.catch(() => this.known.delete(name));
    return coming;
  }

  /** The whole. Another question may have been what needed it: it is waited for by both. */
  private async all(): Promise<Source> {
    this.coming ??= this.whole();
    this.inside = await this.coming.finally(() => {
      this.coming = null;
    });
    return this.inside;
  }

  private async overview(metric: number): Promise<Answer> {
    if (metric !== this.metric) {
      this.metric = metric;
      this.opened.clear();
      this.window = null;
      this.sums = null;
    }
    const [tree, bytes] = await Promise.all([this.tree(metric), this.fetch(`sums?metric=${metric}`)]);
    const columns = new Columns(bytes);
    const sums = { self: this.labelled(columns, "self"), total: this.labelled(columns, "total") };
    this.sums = metric === this.metric ? sums : this.sums;
    return {
      tree,
      sums,
      others: null,
      totals: new Float64Array(0),
      areas: this.labelled(columns, "area"),
      whole: tree.whole,
      effective: this.head.about.metrics[metric]?.effective ?? 0,
    };
  }

  /** Sums of functions, as those of labels: nothing is of any other. */
  private labelled(columns: Columns, name: string): Float64Array<ArrayBuffer> {
    const { functions, about } = this.head;
    const sums = new Float64Array(functions.count + 1 + about.threads.length);
    sums.set(columns.numbers(`sums.${name}`));
    return sums;
  }

  private async tree(metric: number): Promise<Tree> {
    const { window } = this;
    const finer = window ? `&window=${window.join("_")}` : "";
    const open = this.opened.size > 0 ? `&open=${[...this.opened].join(".")}` : "";
    return readTree(new Columns(await this.fetch(`tree?metric=${metric}${open}${finer}`)), window);
  }
}

/** Whether a question is about more than the plain tree and its sums. */
export function needsWhole(profile: Profile, state: State): boolean {
  const plain: Query = { ...EVERYTHING, metric: state.metric, against: state.against };
  const asks = (Object.keys(plain) as (keyof Query)[]).some(
    (key) => String(plain[key]) !== String(state[key]),
  );
  return asks || state.search !== "" || state.colour === "kind" || isHeap(profile);
}

function readTree(columns: Columns, window: [number, number] | null): Tree {
  const { function: label, parent, inlined, depth, end } = readNodes(columns);
  const self = Float64Array.from(columns.numbers("tree.self"));
  const total = Float64Array.from(columns.numbers("tree.total"));
  const tree = place({ label, parent, self, total, inlined, other: null }, depth, end);
  const [parts] = columns.u32("tree.parts");
  return { ...tree, cut: { place: columns.u32("tree.place"), more: columns.u8("tree.more"), parts, window } };
}

function readAround(bytes: ArrayBuffer): Around {
  const lists = JSON.parse(new TextDecoder().decode(bytes)) as [number, number][][];
  const [callers, callees] = lists.map((list) => list.map(([label, total]) => ({ label, total })));
  return { callers, callees };
}
