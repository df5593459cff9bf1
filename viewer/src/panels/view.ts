/** What a panel shows: the answer in the words of this profile. */

import type { Metric } from "../data/about";
import { type Difference, differ } from "../data/difference";
import { wilson } from "../data/interval";
import type { Profile, Samples } from "../data/profile";
import { percent, value } from "../data/units";
import type { State } from "../state/state";
import type { Store } from "../state/store";
import { isFunction, type Labels, markedName, nameOf } from "../tree/labels";
import type { Answer } from "../tree/query";
import type { Found } from "../tree/search";
import type { Sight } from "../tree/tree";
import { fileName } from "../ui/dom";
import type { Around, Source } from "../work/source";

export interface Panel {
  readonly element: HTMLElement;
  /** Shows an answer; only the panel in sight is asked to. */
  show(view: View): void;
  /** Puts the keyboard's focus where it is of use. */
  focus?(): void;
}

/** The end of the time, in nanoseconds; 0 if samples have none. */
export function lengthOf({ samples, about }: Profile): number {
  // The end of a span is not part of it.
  return samples ? Math.max(about.duration, samples.time[samples.count - 1] + 1) : 0;
}

/** The samples with times; null if those of the metric have none. */
export function timed({ profile, state }: View): Samples | null {
  return profile.samples?.metric.includes(state.metric) ? profile.samples : null;
}

export class View {
  readonly profile: Profile;

  constructor(
    private readonly source: Source,
    readonly store: Store,
    readonly state: State,
    readonly answer: Answer,
    readonly labels: Labels,
    readonly found: Found | null,
    /** Shows more of the tree; nothing happens if all of it is there. */
    readonly refine: (sight: Sight) => void,
  ) {
    this.profile = source.profile;
  }

  /** Who calls a function, and whom it calls; a server may have to be asked. */
  around(label: number): Around | Promise<Around> {
    return this.source.around(this.answer, this.labels, this.state.metric, label);
  }

  get metric(): Metric {
    return (
      this.profile.about.metrics[this.state.metric] ?? {
        name: "samples",
        unit: "count",
        kind: "exact",
        description: "",
        total: 0,
        samples: 0,
        effective: 0,
      }
    );
  }

  name(label: number): string {
    return markedName(this.profile, label, this.state.fold);
  }

  plainName(label: number): string {
    return nameOf(this.profile, label, this.state.fold);
  }

  share(amount: number): number {
    return this.answer.whole > 0 ? amount / this.answer.whole : 0;
  }

  /** `12.3 %`. */
  percent(amount: number): string {
    return `${percent(this.share(amount))} %`;
  }

  /** `11.9–12.7`, nothing for an exact metric. */
  interval(amount: number): string {
    if (this.metric.kind === "exact" || this.answer.whole <= 0) {
      return "";
    }
    const [low, high] = wilson(Math.min(1, this.share(amount)), this.answer.effective);
    return `${percent(low)}–${percent(high)}`;
  }

  value(amount: number): string {
    return value(amount, this.metric.unit);
  }

  /** An amount of any metric. */
  valueOf(metric: number, amount: number): string {
    return value(amount, this.profile.about.metrics[metric]?.unit ?? "count");
  }

  /** `12.3 % (11.9–12.7), 1.2 s`. */
  measured(amount: number): string {
    const interval = this.interval(amount);
    return `${this.percent(amount)}${interval ? ` (${interval})` : ""}, ${this.value(amount)}`;
  }

  binary(label: number): string {
    return isFunction(this.profile, label) ? this.profile.texts.at(this.profile.functions.binary[label]) : "";
  }

  binaryName(label: number): string {
    return fileName(this.binary(label));
  }

  namespace(label: number): string {
    return isFunction(this.profile, label)
      ? this.profile.texts.at(this.profile.functions.namespace[label])
      : "";
  }

  /** `src/main.rs:12`, or nothing. */
  location(label: number): string {
    if (!isFunction(this.profile, label)) {
      return "";
    }
    const { file, line } = this.profile.functions;
    const path = this.profile.texts.at(file[label]);
    return path && line[label] ? `${path}:${line[label]}` : path;
  }

  isFunction(label: number): boolean {
    return isFunction(this.profile, label);
  }

  /** The pair of metrics that is compared, and its place in the list of pairs; null if nothing is. */
  get pair(): { after: number; before: number; place: number } | null {
    const { pairs } = this.profile.about;
    const place = pairs.findIndex((pair) => pair.includes(this.state.metric));
    return place < 0 ? null : { after: pairs[place][0], before: pairs[place][1], place };
  }

  /** The difference between a value of the metric that is shown and the one of the other side. */
  difference(shown: number, other: number): Difference {
    const { whole, effective, others } = this.answer;
    const here = { value: shown, each: effective > 0 ? whole / effective : 0 };
    const there = {
      value: other,
      each: others && others.effective > 0 ? others.whole / others.effective : 0,
    };
    const exact = this.metric.kind === "exact";
    return this.pair?.after === this.state.metric ? differ(there, here, exact) : differ(here, there, exact);
  }

  /** `+1.2 s (0.9 s – 1.5 s)`, and that it may be noise. */
  changed({ by, interval, isReal }: Difference): string {
    const around = interval ? ` (${this.signed(interval[0])} … ${this.signed(interval[1])})` : "";
    return `${this.signed(by)}${around}${isReal ? "" : ", may be noise"}`;
  }

  signed(amount: number): string {
    return `${amount > 0 ? "+" : ""}${this.value(amount)}`;
  }

  /** The label of the selected function, or -1. */
  get selected(): number {
    return this.state.selected >= 0 ? this.labels.of[this.state.selected] : -1;
  }
}
