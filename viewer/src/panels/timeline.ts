/** The strip of time above the panels: what is chosen in it restricts all of them. */

import type { Samples } from "../data/profile";
import { grouped, seconds, value } from "../data/units";
import { timeline } from "../tree/timeline";
import { button, h, on, write } from "../ui/dom";
import { announce } from "../ui/live";
import { property } from "../ui/theme";
import { ticks } from "./chart";
import { lengthOf, type View } from "./view";

const HEIGHT = 54;
/** Of it, what times are written in. */
const AXIS = 13;
/** Pixels between times that are written. */
const APART = 110;
const BUCKET = 3;
/** Pixels: a shorter drag is a click, which chooses everything again. */
const LEAST = 3;
/** Part of the whole that an arrow key moves an edge by. */
const STEP = 0.01;

type Span = [number, number];

export class Timeline {
  readonly element = h("section", { class: "timeline", "aria-label": "Time" });
  private readonly canvas = h("canvas", { height: HEIGHT, "aria-hidden": "true" });
  private readonly from = h("div", handle("From"));
  private readonly to = h("div", handle("To"));
  private readonly text = h("span", { class: "quiet" });
  private readonly all: HTMLButtonElement;
  private view: View | null = null;
  private dragged: Span | null = null;
  /** The sums that are drawn, and what they are of. */
  private known: { samples: Samples; of: string; sums: Float64Array } | null = null;
  /** What the picture is of: most steps leave it as it is. */
  private drawn = "";

  constructor() {
    this.all = button("All of it", () => this.choose(null));
    const strip = h("div", { class: "strip" }, this.canvas, this.from, this.to);
    this.element.append(strip, h("div", { class: "beside" }, this.text, this.all));
    this.listen(strip);
    new ResizeObserver(() => this.draw()).observe(strip);
  }

  /** Hidden if the samples of the metric have no times. */
  show(view: View): void {
    this.view = view;
    const { metric, time } = view.state;
    const has = time !== null || view.profile.samples?.metric.includes(metric);
    this.element.hidden = !has || this.length === 0;
    this.draw();
  }

  private get length(): number {
    return this.view ? lengthOf(this.view.profile) : 0;
  }

  private get span(): Span {
    return this.dragged ?? this.view?.state.time ?? [0, this.length];
  }

  private choose(span: Span | null): void {
    this.dragged = null;
    this.view?.store.change({ time: span, zoom: [0, 1] });
    announce(span ? `time from ${this.written(span[0])} to ${this.written(span[1])}` : "all of the time");
  }

  private written(time: number): string {
    return seconds(time, this.length);
  }

  private draw(): void {
    const { view } = this;
    const samples = view?.profile.samples;
    const width = this.canvas.parentElement?.clientWidth ?? 0;
    if (!view || !samples || width === 0) {
      return;
    }
    this.drawStrip(this.sums(view, samples, Math.max(1, Math.floor(width / BUCKET))), width);
    this.place(this.from, 0, [0, this.span[1]]);
    this.place(this.to, 1, [this.span[0], this.length]);
    this.describe(view, samples.count);
  }

  private sums({ state }: View, samples: Samples, buckets: number): Float64Array {
    const of = [state.metric, buckets, ...state.threads].join(" ");
    if (this.known?.samples !== samples || this.known.of !== of) {
      const sums = timeline(samples, state.metric, state.threads, [0, this.length], buckets);
      this.known = { samples, of, sums };
      this.drawn = "";
    }
    return this.known.sums;
  }

  private drawStrip(sums: Float64Array, width: number): void {
    const dense = window.devicePixelRatio || 1;
    const colours = ["--bar", "--idle", "--chosen"].map(property);
    const drawn = [width, dense, ...this.span, ...colours].join(" ");
    const context = this.canvas.getContext("2d");
    if (context && drawn !== this.drawn) {
      this.drawn = drawn;
      this.canvas.width = Math.round(width * dense);
      this.canvas.height = Math.round(HEIGHT * dense);
      context.scale(dense, dense);
      this.drawBars(context, sums, width, colours);
    }
  }

  private drawBars(
    context: CanvasRenderingContext2D,
    sums: Float64Array,
    width: number,
    [chosen, rest, around]: string[],
  ): void {
    const highest = sums.reduce((most, sum) => Math.max(most, sum), 0) || 1;
    const [start, end] = this.span.map((time) => (time / this.length) * width);
    const ground = HEIGHT - AXIS;
    context.clearRect(0, 0, width, HEIGHT);
    if (end - start < width) {
      context.fillStyle = around;
      context.fillRect(start, 0, end - start, ground);
    }
    sums.forEach((sum, bucket) => {
      const x = (bucket * width) / sums.length;
      const high = (sum / highest) * (ground - 4);
      context.fillStyle = x >= start - 1 && x <= end ? chosen : rest;
      context.fillRect(x, ground - high, width / sums.length - 0.5, high);
    });
    this.drawTimes(context, width);
  }

  private drawTimes(context: CanvasRenderingContext2D, width: number): void {
    context.fillStyle = property("--quiet");
    context.font = '10px system-ui, "Segoe UI", Roboto, sans-serif';
    context.textBaseline = "bottom";
    const { values } = ticks(0, this.length / 1e9, false, Math.max(1, width / APART));
    for (const time of values.filter((one) => one * 1e9 <= this.length)) {
      const x = ((time * 1e9) / this.length) * width;
      const text = this.written(time * 1e9);
      const room = context.measureText(text).width / 2;
      context.fillRect(Math.min(width - 1, x), HEIGHT - AXIS, 1, 2);
      context.fillText(text, Math.max(0, Math.min(width - 2 * room, x - room)), HEIGHT);
    }
  }

  private describe(view: View, samples: number): void {
    const [start, end] = this.span;
    const part = view.state.time || this.dragged;
    this.all.hidden = !part;
    const whole = `${this.written(this.length)}, ${grouped(samples)} ${samples === 1 ? "sample" : "samples"}`;
    const cpus = view.metric.unit === "ns" ? `, ${(view.answer.whole / (end - start)).toFixed(2)} CPUs` : "";
    const chosen = `${this.written(start)} – ${this.written(end)}: ${value(view.answer.whole, view.metric.unit)}`;
    write(this.text, part ? `${chosen}${this.dragged ? "" : cpus}` : `${whole}${cpus}`);
  }

  private place(edge: HTMLElement, at: 0 | 1, [least, most]: Span): void {
    const time = this.span[at];
    edge.style.left = `${(100 * time) / this.length}%`;
    edge.setAttribute("aria-valuemin", String(least / 1e9));
    edge.setAttribute("aria-valuemax", String(most / 1e9));
    edge.setAttribute("aria-valuenow", String(time / 1e9));
    edge.setAttribute("aria-valuetext", this.written(time));
  }

  private listen(strip: HTMLElement): void {
    let pressed: { time: number; x: number; other: number | null } | null = null;
    const timeAt = (event: PointerEvent) => {
      const { left, width } = strip.getBoundingClientRect();
      return Math.max(0, Math.min(1, (event.clientX - left) / width)) * this.length;
    };
    strip.addEventListener("pointerdown", (event) => {
      const edge = event.target === this.from ? 1 : event.target === this.to ? 0 : null;
      pressed = { time: timeAt(event), x: event.clientX, other: edge === null ? null : this.span[edge] };
      strip.setPointerCapture(event.pointerId);
    });
    strip.addEventListener("pointermove", (event) => {
      if (pressed) {
        this.dragged = sorted(pressed.other ?? pressed.time, timeAt(event));
        this.draw();
      }
    });
    strip.addEventListener("pointerup", (event) => {
      const was = pressed;
      pressed = null;
      if (was) {
        const moved = Math.abs(event.clientX - was.x) >= LEAST;
        this.choose(
          moved ? whole(sorted(was.other ?? was.time, timeAt(event))) : (this.view?.state.time ?? null),
        );
      }
    });
    on(this.from, { keydown: (event) => this.pressed(event, 0) });
    on(this.to, { keydown: (event) => this.pressed(event, 1) });
  }

  private pressed(event: KeyboardEvent, edge: 0 | 1): void {
    const step = this.length * STEP;
    const steps: Record<string, number> = {
      ArrowLeft: -step,
      ArrowDown: -step,
      ArrowRight: step,
      ArrowUp: step,
      PageDown: -10 * step,
      PageUp: 10 * step,
      Home: -this.length,
      End: this.length,
    };
    if (!(event.key in steps)) {
      return;
    }
    event.preventDefault();
    const span: Span = [...this.span];
    const [least, most] = edge === 0 ? [0, span[1] - step] : [span[0] + step, this.length];
    span[edge] = Math.max(least, Math.min(most, span[edge] + steps[event.key]));
    const all = span[0] <= 0 && span[1] >= this.length;
    this.choose(all ? null : whole(span));
  }
}

function sorted(a: number, b: number): Span {
  return a < b ? [a, b] : [b, a];
}

/** Microseconds are as fine as times are. */
function whole([start, end]: Span): Span {
  return [Math.floor(start / 1000) * 1000, Math.ceil(end / 1000) * 1000];
}

function handle(name: string) {
  return {
    class: "handle",
    role: "slider",
    tabindex: 0,
    "aria-label": name,
    "aria-orientation": "horizontal",
  };
}
