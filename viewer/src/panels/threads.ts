/** Threads and their processes: how much each has, and when. */

import type { Thread } from "../data/about";
import { grouped, percent, seconds } from "../data/units";
import { byThread, timeline } from "../tree/timeline";
import { h, on } from "../ui/dom";
import { property } from "../ui/theme";
import { type Column, VirtualTable } from "../ui/virtual";
import { lengthOf, type Panel, timed, type View } from "./view";

const WIDE = 240;
const HIGH = 18;

const NAMES: Column[] = [
  { title: "Thread", kind: "name" },
  { title: "Process", kind: "name" },
];

export class ThreadsPanel implements Panel {
  private readonly count = h("p", { class: "count" });
  private readonly table = new VirtualTable("grid");
  readonly element = h("div", { class: "panel" }, this.count, this.table.element);

  show(view: View): void {
    const { about } = view.profile;
    const samples = timed(view);
    const processes = new Set(about.threads.map(({ pid }) => pid)).size;
    const many = `${plural(about.threads.length, "thread")} of ${plural(processes, "process", "processes")}`;
    if (!samples) {
      this.count.textContent = `${many}; how much each has, and when, this page does not know: its samples${view.profile.samples ? ` of ${view.metric.name}` : ""} have no times`;
      this.list(view);
      return;
    }
    this.count.textContent =
      about.threads.length > 1 ? `${many}; choose those that all panels are about` : many;
    const sums = byThread(samples, view.state.metric, about.threads.length, view.state.time);
    const rows = about.threads.map((_, row) => row).sort((a, b) => sums[b] - sums[a] || a - b);
    const whole = sums.reduce((sum, value) => sum + value, 0);
    this.table.show({
      label: "Threads",
      columns: [
        { title: "Shown", kind: "text" },
        { title: "Share", kind: "number" },
        { title: view.metric.name, kind: "number" },
        { title: "When", kind: "text" },
        ...NAMES,
      ],
      count: rows.length,
      row: (at) => {
        const thread = about.threads[rows[at]];
        const sum = sums[rows[at]];
        return {
          cells: [
            choose(view, rows[at]),
            whole > 0 ? `${percent(sum / whole)} %` : "",
            view.value(sum),
            this.spark(view, rows[at]),
            ...namesOf(thread),
          ],
        };
      },
      open: (at) => flip(view, rows[at]),
      key: (at, event) => event.key === " " && flip(view, rows[at]),
    });
  }

  focus(): void {
    this.table.go(this.table.at);
  }

  /** Threads of which no more is known. */
  private list({ profile }: View): void {
    const { threads } = profile.about;
    this.table.show({
      label: "Threads",
      columns: NAMES,
      count: threads.length,
      row: (at) => ({ cells: namesOf(threads[at]) }),
    });
  }

  private spark(view: View, thread: number): HTMLElement {
    const { samples } = view.profile;
    const canvas = h("canvas", { width: WIDE, height: HIGH, class: "spark", "aria-hidden": "true" });
    const context = canvas.getContext("2d");
    if (samples && context) {
      const length = lengthOf(view.profile);
      const sums = timeline(samples, view.state.metric, [thread], [0, length], WIDE / 2);
      const highest = sums.reduce((most, sum) => Math.max(most, sum), 0) || 1;
      context.fillStyle = property("--bar");
      sums.forEach((sum, at) => {
        const high = (sum / highest) * HIGH;
        context.fillRect(at * 2, HIGH - high, 2, high);
      });
      canvas.title = `0 – ${seconds(length, length)}`;
    }
    return canvas;
  }
}

function namesOf({ name, tid, process, pid }: Thread): string[] {
  return [`${name} (${tid})`, `${process} (${pid})`];
}

function choose(view: View, row: number): HTMLElement {
  const { threads } = view.state;
  const box = h("input", {
    type: "checkbox",
    tabindex: -1,
    checked: threads.length === 0 || threads.includes(row),
    "aria-label": `show thread ${view.profile.about.threads[row].tid}`,
  });
  return on(box, { change: () => flip(view, row) });
}

/** Takes a thread in or out; all of them is none in particular. */
function flip(view: View, row: number): true {
  const { store, state, profile } = view;
  const every = profile.about.threads.map((_, at) => at);
  const shown = new Set(state.threads.length > 0 ? state.threads : every);
  if (!shown.delete(row)) {
    shown.add(row);
  }
  const threads = shown.size === every.length || shown.size === 0 ? [] : [...shown].sort((a, b) => a - b);
  store.change({ threads, zoom: [0, 1] });
  return true;
}

function plural(number: number, noun: string, nouns = `${noun}s`): string {
  return `${grouped(number)} ${number === 1 ? noun : nouns}`;
}
