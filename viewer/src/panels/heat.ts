/** The heat map of a long recording: rows of seconds, of which a part can be chosen as in the strip of time. */

import { duration, seconds } from "../data/units";
import { COLUMNS, fullest, type Heat, heatOf, spanOf, sumOf } from "../tree/heat";
import { h, replace } from "../ui/dom";
import { announce } from "../ui/live";
import { property } from "../ui/theme";
import { Tip } from "../ui/tip";
import { VirtualTable } from "../ui/virtual";
import { cellAt, type HeatPicture, paintHeat, SHADES, TOP } from "./heat_paint";
import { lengthOf, type Panel, timed, type View } from "./view";

const LABEL =
  "Heat map: a row is a time from left to right. Arrow keys move, with Shift they extend what Enter chooses, " +
  "Escape chooses all. The table beside it holds the rows.";
/** Pixels of a row, at least and at most. */
const [LOW, HIGH] = [6, 20];

export class HeatPanel implements Panel {
  private readonly words = h("div", { class: "count" });
  private readonly canvas = h("canvas", { "aria-hidden": "true" });
  private readonly spacer = h("div", { class: "spacer" });
  private readonly map = h(
    "div",
    { class: "map", tabindex: 0, role: "application", "aria-label": LABEL },
    this.canvas,
    this.spacer,
  );
  private readonly table = new VirtualTable("grid");
  private readonly tip = new Tip();
  private readonly both = h("div", { class: "both" }, this.map, this.table.element);
  readonly element = h("div", { class: "panel heat" }, this.words, this.both, this.tip.element);
  private view: View | null = null;
  private heat: Heat | null = null;
  private cursor = 0;
  /** The other end of what is being chosen. */
  private anchor = 0;

  constructor() {
    new ResizeObserver(() => this.draw()).observe(this.map);
    this.map.addEventListener("scroll", () => this.draw());
    this.map.addEventListener("keydown", (event) => this.pressed(event));
    this.listen();
  }

  show(view: View): void {
    const samples = timed(view);
    this.view = view;
    this.both.hidden = !samples;
    if (!samples) {
      this.heat = null;
      replace(this.words, `The samples of ${view.metric.name} have no times.`);
      return;
    }
    this.heat = heatOf(samples, view.state.metric, view.state.threads, lengthOf(view.profile));
    this.cursor = Math.min(this.cursor, this.heat.sums.length - 1);
    this.explain(view, this.heat);
    this.list(view, this.heat);
    this.draw();
  }

  focus(): void {
    this.map.focus();
  }

  private explain(view: View, heat: Heat): void {
    const scale = h("canvas", { width: SHADES * 14, height: 12, "aria-hidden": "true" });
    const context = scale.getContext("2d");
    for (let shade = 1; context && shade <= SHADES; shade++) {
      context.globalAlpha = shade / SHADES;
      context.fillStyle = property("--accent");
      context.fillRect((shade - 1) * 14, 0, 13, 12);
    }
    const text = `${view.metric.name} in each ${duration(heat.cell)}: `;
    replace(this.words, text, scale, ` up to ${view.value(heat.most)}. Drag over a part to choose it.`);
  }

  private list(view: View, heat: Heat): void {
    this.table.show(
      {
        label: "Rows of the heat map",
        columns: [
          { title: "From", kind: "number" },
          { title: view.metric.name, kind: "number" },
          { title: "Peak at", kind: "number" },
          { title: "Peak", kind: "number" },
        ],
        count: heat.rows,
        row: (row) => {
          const cell = fullest(heat, row);
          const some = heat.sums[cell] > 0;
          return {
            cells: [
              this.written(row * heat.row),
              view.value(sumOf(heat, row)),
              some ? this.written(cell * heat.cell) : "",
              some ? view.value(heat.sums[cell]) : "",
            ],
          };
        },
        select: (row) => this.go(row * COLUMNS, false),
        open: (row) => this.choose(row * COLUMNS, (row + 1) * COLUMNS - 1),
      },
      Math.floor(this.cursor / COLUMNS),
    );
  }

  private written(time: number): string {
    return seconds(time, this.heat?.row ?? time);
  }

  private go(cell: number, extend: boolean): void {
    const { heat, view } = this;
    if (!heat || !view) {
      return;
    }
    this.cursor = Math.max(0, Math.min(heat.sums.length - 1, cell));
    this.anchor = extend ? this.anchor : this.cursor;
    this.reveal(heat);
    this.draw();
    const [from, to] = spanOf(heat, this.anchor, this.cursor, lengthOf(view.profile));
    const first = Math.min(this.anchor, this.cursor);
    const cells = heat.sums.subarray(first, Math.max(this.anchor, this.cursor) + 1);
    const sum = cells.reduce((all, value) => all + value, 0);
    announce(`${this.written(from)} – ${this.written(to)}: ${view.value(sum)}`);
  }

  private reveal(heat: Heat): void {
    const high = this.rowHeight(heat);
    const top = Math.floor(this.cursor / COLUMNS) * high;
    const room = this.map.clientHeight - TOP - high;
    if (top < this.map.scrollTop) {
      this.map.scrollTop = top;
    } else if (top > this.map.scrollTop + room) {
      this.map.scrollTop = top - room;
    }
  }

  private choose(one: number, other: number): void {
    const { heat, view } = this;
    if (heat && view) {
      const time = spanOf(heat, one, other, lengthOf(view.profile));
      view.store.change({ time, zoom: [0, 1] });
      announce(`time from ${this.written(time[0])} to ${this.written(time[1])}`);
    }
  }

  private pressed(event: KeyboardEvent): void {
    const row = Math.floor(this.cursor / COLUMNS) * COLUMNS;
    const to: Record<string, number> = {
      ArrowLeft: this.cursor - 1,
      ArrowRight: this.cursor + 1,
      ArrowUp: this.cursor - COLUMNS,
      ArrowDown: this.cursor + COLUMNS,
      PageUp: this.cursor - 10 * COLUMNS,
      PageDown: this.cursor + 10 * COLUMNS,
      Home: row,
      End: row + COLUMNS - 1,
    };
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key in to) {
      this.go(to[event.key], event.shiftKey);
    } else if (event.key === "Enter") {
      this.choose(this.anchor, this.cursor);
    } else if (event.key === "Escape") {
      this.view?.store.change({ time: null, zoom: [0, 1] });
      announce("all of the time");
    } else {
      return;
    }
    event.preventDefault();
  }

  private listen(): void {
    let drags = false;
    const below = (event: PointerEvent) => {
      const { left, top } = this.map.getBoundingClientRect();
      const picture = this.picture();
      return picture ? cellAt(picture, event.clientX - left, event.clientY - top) : 0;
    };
    this.map.addEventListener("pointerdown", (event) => {
      if (event.button === 0 && event.offsetX < this.map.clientWidth) {
        drags = true;
        this.map.setPointerCapture(event.pointerId);
        this.go(below(event), event.shiftKey);
      }
    });
    this.map.addEventListener("pointermove", (event) => {
      const cell = below(event);
      if (drags && cell !== this.cursor) {
        this.go(cell, true);
      }
      this.hover(cell, event);
    });
    this.map.addEventListener("pointerup", () => {
      if (drags && this.anchor !== this.cursor) {
        this.choose(this.anchor, this.cursor);
      }
      drags = false;
    });
    this.map.addEventListener("pointerleave", () => this.tip.hide());
  }

  private hover(cell: number, event: PointerEvent): void {
    const { heat, view } = this;
    if (heat && view) {
      const when = `${this.written(cell * heat.cell)} – ${this.written((cell + 1) * heat.cell)}`;
      this.tip.show(event.clientX, event.clientY, [
        h("p", {}, when),
        h("p", {}, view.value(heat.sums[cell])),
      ]);
    }
  }

  private rowHeight(heat: Heat): number {
    return Math.max(LOW, Math.min(HIGH, Math.floor((this.map.clientHeight - TOP) / heat.rows)));
  }

  private picture(): HeatPicture | null {
    const { heat, view, map } = this;
    if (!heat || !view) {
      return null;
    }
    const time = view.state.time;
    const chosen: [number, number] | null = time && [
      Math.floor(time[0] / heat.cell),
      Math.max(Math.floor(time[0] / heat.cell), Math.ceil(time[1] / heat.cell) - 1),
    ];
    const growing: [number, number] = [
      Math.min(this.anchor, this.cursor),
      Math.max(this.anchor, this.cursor),
    ];
    return {
      heat,
      width: map.clientWidth,
      height: map.clientHeight,
      rowHeight: this.rowHeight(heat),
      scrolled: map.scrollTop,
      cursor: this.cursor,
      chosen: this.anchor === this.cursor ? chosen : growing,
      written: (start) => this.written(start),
    };
  }

  private draw(): void {
    const picture = this.picture();
    const context = this.canvas.getContext("2d");
    if (!picture || !context || picture.width === 0) {
      return;
    }
    const dense = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(picture.width * dense);
    this.canvas.height = Math.round(picture.height * dense);
    this.canvas.style.width = `${picture.width}px`;
    this.canvas.style.height = `${picture.height}px`;
    const whole = TOP + picture.heat.rows * picture.rowHeight;
    this.spacer.style.height = `${Math.max(0, whole - picture.height)}px`;
    context.scale(dense, dense);
    paintHeat(context, picture);
  }
}
