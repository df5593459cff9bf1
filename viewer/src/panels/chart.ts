/** A time series as steps over an area, with others of the same unit as lines of their own dashes. */

import { type Series, valueAt } from "../data/series";
import { property } from "../ui/theme";

export const LEFT = 76;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 22;
const TICKS = 4;
export const DASHES: readonly (readonly number[])[] = [
  [7, 4],
  [2, 3],
  [10, 3, 2, 3],
];

export interface Chart {
  shown: Series;
  others: Series[];
  /** The end of the axis of time. */
  length: number;
  /** A time that is marked. */
  cursor: number | null;
  /** A span that is chosen. */
  span: [number, number] | null;
  writtenTime(time: number): string;
  writtenValue(value: number): string;
}

/** Where a time is on a chart of a width, in pixels. */
export function xOf(time: number, length: number, width: number): number {
  return LEFT + (time / length) * (width - LEFT - RIGHT);
}

export function timeAt(x: number, length: number, width: number): number {
  return Math.max(0, Math.min(1, (x - LEFT) / (width - LEFT - RIGHT))) * length;
}

export function drawChart(
  context: CanvasRenderingContext2D,
  chart: Chart,
  width: number,
  height: number,
): void {
  const all = [chart.shown, ...chart.others];
  const extreme = (choose: (one: number, other: number) => number) =>
    all.reduce((found, { value }) => value.reduce((best, one) => finite(choose, best, one), found), 0);
  const scale = ticks(extreme(Math.min), extreme(Math.max), chart.shown.unit === "bytes");
  const yOf = (value: number) => {
    const part = value / (scale.high - scale.low) - scale.low / (scale.high - scale.low);
    return height - BOTTOM - part * (height - TOP - BOTTOM);
  };
  context.clearRect(0, 0, width, height);
  context.font = '11px system-ui, "Segoe UI", Roboto, sans-serif';
  context.lineWidth = 1;
  drawSpan(context, chart, width, height);
  drawAxes(context, chart, scale, width, height, yOf);
  drawSteps(context, chart, chart.shown, width, yOf, yOf(Math.max(0, scale.low)));
  chart.others.forEach((series, row) => {
    context.setLineDash([...DASHES[row % DASHES.length]]);
    drawSteps(context, chart, series, width, yOf, null);
  });
  context.setLineDash([]);
  drawCursor(context, chart, width, height, yOf);
}

/** What is no number, or has no end, is not drawn. */
function finite(choose: (one: number, other: number) => number, best: number, one: number): number {
  return Number.isFinite(one) ? choose(best, one) : best;
}

function drawSpan(
  context: CanvasRenderingContext2D,
  { span, length }: Chart,
  width: number,
  height: number,
): void {
  if (span) {
    const [from, to] = span.map((time) => xOf(time, length, width));
    context.fillStyle = property("--chosen");
    context.fillRect(from, TOP, to - from, height - TOP - BOTTOM);
  }
}

function drawAxes(
  context: CanvasRenderingContext2D,
  chart: Chart,
  scale: Scale,
  width: number,
  height: number,
  yOf: (value: number) => number,
): void {
  context.strokeStyle = property("--line");
  context.fillStyle = property("--quiet");
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.beginPath();
  for (const value of scale.values) {
    const y = Math.round(yOf(value)) + 0.5;
    context.moveTo(LEFT, y);
    context.lineTo(width - RIGHT, y);
    context.fillText(chart.writtenValue(value), LEFT - 6, y);
  }
  context.stroke();
  context.textBaseline = "bottom";
  const times = [0, 0.25, 0.5, 0.75, 1];
  times.forEach((part, at) => {
    context.textAlign = at === 0 ? "left" : at === times.length - 1 ? "right" : "center";
    const text = chart.writtenTime(part * chart.length);
    context.fillText(text, xOf(part * chart.length, chart.length, width), height - 3);
  });
}

/** `ground`: the area down to there is filled. */
function drawSteps(
  context: CanvasRenderingContext2D,
  { length }: Chart,
  { time, value, end }: Series,
  width: number,
  yOf: (value: number) => number,
  ground: number | null,
): void {
  if (time.length === 0) {
    return;
  }
  const path = new Path2D();
  path.moveTo(xOf(time[0], length, width), yOf(value[0]));
  for (let row = 1; row < time.length; row++) {
    const x = xOf(time[row], length, width);
    path.lineTo(x, yOf(value[row - 1]));
    path.lineTo(x, yOf(value[row]));
  }
  const right = xOf(Math.min(end ?? length, length), length, width);
  path.lineTo(right, yOf(value[value.length - 1]));
  context.strokeStyle = property(ground === null ? "--text" : "--accent");
  context.stroke(path);
  if (ground !== null) {
    path.lineTo(right, ground);
    path.lineTo(xOf(time[0], length, width), ground);
    context.globalAlpha = 0.35;
    context.fillStyle = property("--bar");
    context.fill(path);
    context.globalAlpha = 1;
  }
}

function drawCursor(
  context: CanvasRenderingContext2D,
  chart: Chart,
  width: number,
  height: number,
  yOf: (value: number) => number,
): void {
  if (chart.cursor === null) {
    return;
  }
  const x = Math.round(xOf(chart.cursor, chart.length, width)) + 0.5;
  context.strokeStyle = property("--text");
  context.beginPath();
  context.moveTo(x, TOP);
  context.lineTo(x, height - BOTTOM);
  context.stroke();
  const value = valueAt(chart.shown, chart.cursor);
  if (!Number.isNaN(value)) {
    context.fillStyle = property("--accent");
    context.beginPath();
    context.arc(x, yOf(value), 4, 0, 2 * Math.PI);
    context.fill();
  }
}

export interface Scale {
  low: number;
  high: number;
  values: number[];
}

/** Round numbers around a range: of 1, 2 and 5 times a power of ten; of bytes in their largest unit. */
export function ticks(low: number, high: number, isBytes = false, wanted = TICKS): Scale {
  if (!Number.isFinite(high - low)) {
    return { low, high, values: [low, 0, high] };
  }
  const most = Math.max(Math.abs(low), Math.abs(high), 1);
  const unit = isBytes ? 1024 ** Math.floor(Math.log2(most) / 10) : 1;
  const rough = (high - low || 1) / unit / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = unit * power * ([1, 2, 5].find((times) => times * power >= rough) ?? 10);
  const first = Math.floor(low / step);
  const last = Math.max(first + 1, Math.ceil(high / step));
  const values = Array.from({ length: last - first + 1 }, (_, at) => (first + at) * step);
  return { low: first * step, high: last * step, values };
}
