/** Time series: one is drawn large, with its points as a table; the others are in a list. */

import { peakOf, rowAt, type Series, valueAt } from "../data/series";
import { bytes, count, grouped, seconds } from "../data/units";
import { h, replace } from "../ui/dom";
import { announce } from "../ui/live";
import { property } from "../ui/theme";
import { VirtualTable } from "../ui/virtual";
import { type Chart, DASHES, drawChart, timeAt } from "./chart";
import type { Panel, View } from "./view";

const HEIGHT = 240;
const SPARK = { width: 160, height: 18 };
/** Pixels: a shorter drag is a click, which moves the cursor. */
const LEAST = 3;

/** What recordings call it, after `ps` and `top`. */
const RSS = "rss";

export class CountersPanel implements Panel {
  private readonly words = h("p", { class: "count" });
  private readonly canvas = h("canvas", { class: "chart", "aria-hidden": "true", height: HEIGHT });
  private readonly legend = h("ul", { class: "legend", "aria-label": "Lines" });
  private readonly list = new VirtualTable("grid");
  private readonly points = new VirtualTable("grid");
  readonly element = h(
    "div",
    { class: "panel counters" },
    this.words,
    this.canvas,
    this.legend,
    h("div", { class: "both" }, this.list.element, this.points.element),
  );
  private view: View | null = null;
  private shown = -1;
  private cursor: number | null = null;
  private dragged: [number, number] | null = null;

  constructor() {
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    this.listen();
  }

  show(view: View): void {
    this.view = view;
    const { series } = view.profile;
    const chosen = Math.min(view.state.series, series.length - 1);
    if (chosen < 0) {
      replace(this.words, "The profile has no time series.");
      return;
    }
    if (chosen !== this.shown) {
      this.cursor = null;
    }
    this.shown = chosen;
    replace(this.words, ...this.sentence(view, series[chosen]));
    this.listSeries(view);
    this.listPoints(series[chosen]);
    this.draw();
  }

  focus(): void {
    this.list.go(this.list.at);
  }

  private get series(): Series[] {
    return this.view?.profile.series ?? [];
  }

  /** The end of the axis, which all series have in common. */
  private get length(): number {
    const ends = this.series.map(({ time }) => time[time.length - 1] ?? 0);
    const duration = this.isTime ? (this.view?.profile.about.duration ?? 0) : 0;
    return Math.max(1, duration, ...ends);
  }

  private get isTime(): boolean {
    return this.view?.profile.about.clock === "ns";
  }

  private time(time: number): string {
    const clock = this.view?.profile.about.clock ?? "";
    return this.isTime ? seconds(time, this.length) : `${count(Math.round(time))} ${clock}`;
  }

  private sentence(view: View, series: Series): (Node | string)[] {
    const peak = peakOf(series);
    const last = series.value[series.value.length - 1] ?? 0;
    const all = grouped(series.points);
    const thinned = series.points > series.time.length ? `; of ${all} points the extremes are here` : "";
    return [
      h("strong", {}, this.named(view, series)),
      peak < 0
        ? " has no points"
        : `: most ${written(series, series.value[peak])} at ${this.time(series.time[peak])}, `,
      peak < 0 ? "" : `${written(series, last)} at ${series.end === null ? "the" : "its"} end${thinned}`,
      series.name === RSS ? "; rss is the memory that a process has in RAM" : "",
    ];
  }

  private named(view: View, { name, thread }: Series): string {
    const of = thread === null ? undefined : view.profile.about.threads[thread];
    return of ? `${name}, ${of.process} (${of.pid})` : name;
  }

  private listSeries(view: View): void {
    this.list.show(
      {
        label: "Time series",
        columns: [
          { title: "Series", kind: "name" },
          { title: "When", kind: "wide" },
          { title: "Most", kind: "number" },
          { title: "At", kind: "number" },
          { title: "At its end", kind: "number" },
        ],
        count: this.series.length,
        row: (row) => {
          const series = this.series[row];
          const peak = peakOf(series);
          return {
            cells: [
              this.named(view, series),
              spark(series, this.length),
              peak < 0 ? "" : written(series, series.value[peak]),
              peak < 0 ? "" : this.time(series.time[peak]),
              peak < 0 ? "" : written(series, series.value[series.value.length - 1]),
            ],
          };
        },
        select: (row) => view.store.change({ series: row }, true),
      },
      this.shown,
    );
  }

  private listPoints(series: Series): void {
    const { time, value } = series;
    this.points.show({
      label: `Points of ${series.name}`,
      columns: [
        { title: "Time", kind: "number" },
        { title: series.name, kind: "number" },
        { title: "Change", kind: "number" },
      ],
      count: time.length,
      row: (row) => ({
        cells: [
          this.time(time[row]),
          written(series, value[row]),
          row > 0 ? signed(series, value[row] - value[row - 1]) : "",
        ],
      }),
      select: (row) => this.mark(time[row]),
      key: (row, event) => this.walk(row, event.key),
    });
  }

  /** The cursor goes along with the row. */
  private walk(row: number, key: string): boolean {
    const by = { ArrowDown: 1, ArrowUp: -1 }[key];
    const { time } = this.series[this.shown];
    if (by === undefined) {
      return false;
    }
    this.points.go(row + by);
    this.mark(time[this.points.at]);
    return true;
  }

  private mark(time: number): void {
    const series = this.series[this.shown];
    this.cursor = time;
    announce(`${this.time(time)}: ${written(series, valueAt(series, time))}`);
    this.draw();
  }

  private draw(): void {
    const width = this.canvas.clientWidth;
    const context = this.canvas.getContext("2d");
    const { view } = this;
    if (!view || !context || width === 0 || this.shown < 0) {
      return;
    }
    const dense = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * dense);
    this.canvas.height = Math.round(HEIGHT * dense);
    context.scale(dense, dense);
    const chart = this.chart(view);
    drawChart(context, chart, width, HEIGHT);
    const lines = chart.others.map((series, row) => h("li", {}, dash(row), this.named(view, series)));
    replace(this.legend, ...lines);
    this.legend.hidden = lines.length === 0;
  }

  private chart(view: View): Chart {
    const shown = this.series[this.shown];
    const others = this.series.filter(
      (one) => one !== shown && one.unit === shown.unit && one.unit === "bytes",
    );
    return {
      shown,
      others: others.slice(0, DASHES.length),
      length: this.length,
      cursor: this.cursor,
      span: this.dragged ?? (this.isTime ? view.state.time : null),
      writtenTime: (time) => this.time(time),
      writtenValue: (value) => written(shown, value),
    };
  }

  /** A click moves the cursor; a drag chooses a span, where samples have times that it can restrict. */
  private listen(): void {
    let pressed: number | null = null;
    const at = (event: PointerEvent) => timeAt(event.offsetX, this.length, this.canvas.clientWidth);
    this.canvas.addEventListener("pointerdown", (event) => {
      pressed = event.offsetX;
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (pressed !== null && this.view?.profile.samples && this.isTime) {
        const from = timeAt(pressed, this.length, this.canvas.clientWidth);
        this.dragged = from < at(event) ? [from, at(event)] : [at(event), from];
        this.draw();
      }
    });
    this.canvas.addEventListener("pointerup", (event) => {
      const [from, span] = [pressed, this.dragged];
      pressed = null;
      this.dragged = null;
      if (span && from !== null && Math.abs(event.offsetX - from) >= LEAST) {
        const whole: [number, number] = [Math.floor(span[0]), Math.ceil(span[1])];
        this.view?.store.change({ time: whole, zoom: [0, 1] });
      } else if (this.shown >= 0) {
        this.pick(at(event));
      }
    });
  }

  /** Moves to the point that a time belongs to. */
  private pick(time: number): void {
    const series = this.series[this.shown];
    const row = rowAt(series, time);
    if (row >= 0) {
      this.points.go(row, false);
      this.mark(series.time[row]);
    }
  }
}

function written({ unit }: Series, value: number): string {
  return unit === "bytes" ? bytes(Math.round(value)) : count(value);
}

function signed(series: Series, change: number): string {
  return `${change > 0 ? "+" : ""}${written(series, change)}`;
}

function spark({ time, value, end }: Series, length: number): HTMLElement {
  const { width, height } = SPARK;
  const canvas = h("canvas", { width, height, class: "spark", "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  const most = value.reduce((best, one) => Math.max(best, one), 0) || 1;
  if (context) {
    context.fillStyle = property("--bar");
    time.forEach((start, row) => {
      const x = (start / length) * width;
      const right = ((time[row + 1] ?? end ?? length) / length) * width;
      const high = (Math.max(0, value[row]) / most) * height;
      context.fillRect(x, height - high, Math.max(1, right - x), high);
    });
  }
  return canvas;
}

/** A piece of a line, beside its name. */
function dash(row: number): HTMLElement {
  const canvas = h("canvas", { width: 34, height: 10, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  if (context) {
    context.strokeStyle = property("--text");
    context.setLineDash([...DASHES[row % DASHES.length]]);
    context.beginPath();
    context.moveTo(0, 5.5);
    context.lineTo(34, 5.5);
    context.stroke();
  }
  return canvas;
}
