/** The flame graph: a canvas of the size of its panel, that scrolls through a tree of any depth. */

import { type Colouring, colouring, palette, stepOf } from "../flame/colours";
import { FONT, paint, ROW, type Theme } from "../flame/paint";
import { nodeAt, Visible } from "../flame/visible";
import type { Tree } from "../tree/tree";
import { h, refresh, replace } from "../ui/dom";
import { announce } from "../ui/live";
import { Menu } from "../ui/menu";
import { isDark, property } from "../ui/theme";
import { Tip } from "../ui/tip";
import { flameKeys } from "./flame_keys";
import { flameTools } from "./flame_tools";
import type { Panel, View } from "./view";

/** No deeper zoom: a box as wide as the window would weigh nothing. */
const NARROWEST_ZOOM = 1e-9;
const WHEEL = 0.0015;
/** Pixels that a pointer moves before a press is a drag. */
const STILL = 4;

export class FlamePanel implements Panel {
  readonly element: HTMLElement;
  private readonly tools = h("div", { class: "tools" });
  private readonly legend = h("ul", { class: "legend", "aria-label": "Colours, by own weight" });
  private readonly canvas = h("canvas", { "aria-hidden": "true" });
  private readonly spacer = h("div", { class: "spacer" });
  private readonly scroller: HTMLElement;
  private readonly visible = new Visible();
  private readonly tip = new Tip();
  private readonly menu = new Menu();
  private view: View | null = null;
  private colours: Colouring | null = null;
  private theme: Theme | null = null;
  private letter = 7;
  private current = -1;
  private hovered = -1;
  private zoom: [number, number] = [0, 1];
  private frame = 0;

  constructor() {
    this.scroller = h(
      "div",
      {
        class: "flame",
        tabindex: 0,
        role: "application",
        "aria-label":
          "Flame graph. Arrow keys move between callers, callees and neighbours, Enter zooms, Escape zooms out, F focuses, H hides. The call tree panel holds the same as a table.",
      },
      this.canvas,
      this.spacer,
    );
    this.element = h(
      "div",
      { class: "panel flame-panel" },
      this.tools,
      this.scroller,
      this.legend,
      this.tip.element,
    );
    this.scroller.addEventListener("scroll", () => this.redraw());
    this.scroller.addEventListener("keydown", (event) => flameKeys(this, event));
    this.scroller.addEventListener("focus", () => this.redraw());
    this.listenToPointer();
    new ResizeObserver(() => this.resized()).observe(this.scroller);
  }

  get shown(): View | null {
    return this.view;
  }

  get at(): number {
    return this.current;
  }

  show(view: View): void {
    const before = this.view;
    this.view = view;
    this.zoom = view.state.zoom;
    refresh(this.tools, ...flameTools(view));
    if (before?.answer !== view.answer || before.state.colour !== view.state.colour) {
      this.colours = colouring(view);
    }
    if (before?.answer !== view.answer) {
      this.current = this.kept(before, view);
      this.hovered = -1;
    }
    this.tip.hide();
    this.restyle();
    this.drawLegend();
    this.resized();
    if (before?.answer.tree !== view.answer.tree || before.state.icicle !== view.state.icicle) {
      this.scroller.scrollTop = view.state.icicle ? 0 : this.spacer.clientHeight;
    }
  }

  focus(): void {
    this.scroller.focus();
  }

  /** Colours have changed, or the theme. */
  restyle(): void {
    this.theme = {
      fills: palette(isDark()),
      text: property("--box-text"),
      faded: property("--box-faded"),
      fadedText: property("--box-faded-text"),
      mark: property("--accent"),
      background: property("--surface"),
    };
  }

  /** The node that stands where the current one stood, in another tree. */
  private kept(before: View | null, view: View): number {
    if (!before || this.current < 0) {
      return -1;
    }
    const path: number[] = [];
    for (let node = this.current; node >= 0; node = before.answer.tree.parent[node]) {
      path.push(before.answer.tree.label[node]);
    }
    return follow(view.answer.tree, path.reverse());
  }

  /** Makes a node the current one, and says what it is. */
  go(node: number, select = true): void {
    const { view } = this;
    if (!view || node < 0) {
      return;
    }
    this.current = node;
    this.reveal(node);
    const label = view.answer.tree.label[node];
    announce(this.describe(node));
    if (select && view.isFunction(label)) {
      view.store.change({ selected: label }, true);
    } else {
      this.redraw();
    }
  }

  describe(node: number): string {
    const { view } = this;
    if (!view) {
      return "";
    }
    const { tree } = view.answer;
    const inlined = tree.inlined[node] && view.isFunction(tree.label[node]) ? ", inlined" : "";
    const change = tree.other ? `; ${changeOf(view, node)}` : "";
    return `${view.name(tree.label[node])}${inlined}: total ${view.measured(tree.total[node])}; self ${view.measured(tree.self[node])}${change}`;
  }

  /** Zooms to a node: it gets the whole width. -1 is everything. */
  zoomTo(node: number): void {
    const { view } = this;
    if (!view) {
      return;
    }
    const { tree } = view.answer;
    const whole = tree.whole || 1;
    const zoom: [number, number] =
      node < 0 ? [0, 1] : [tree.start[node] / whole, (tree.start[node] + tree.total[node]) / whole];
    const label = node < 0 ? -1 : tree.label[node];
    const selected = label >= 0 && view.isFunction(label) ? { selected: label } : {};
    this.current = node < 0 ? this.current : node;
    view.store.change({ zoom: rounded(zoom), ...selected });
    if (node >= 0) {
      this.reveal(node);
      announce(`zoomed to ${this.describe(node)}`);
    } else {
      announce("zoomed out");
    }
  }

  openMenu(node: number, x: number, y: number): void {
    const { view } = this;
    if (!view || node < 0) {
      return;
    }
    const label = view.answer.tree.label[node];
    const { state, store } = view;
    const ofFunction = view.isFunction(label)
      ? [
          {
            text: "Focus on this function",
            do: () => store.change({ focus: [...state.focus, label], zoom: [0, 1] }),
          },
          {
            text: "Hide this function",
            do: () => store.change({ hide: [...state.hide, label], zoom: [0, 1] }),
          },
          { text: "Show in functions", do: () => store.change({ selected: label, panel: "functions" }) },
          { text: "Copy its name", do: () => void navigator.clipboard?.writeText(view.plainName(label)) },
        ]
      : [];
    this.menu.open(
      x,
      y,
      [{ text: "Zoom to this frame", do: () => this.zoomTo(node) }, ...ofFunction],
      this.scroller,
    );
  }

  private drawLegend(): void {
    const items = (this.colours?.legend ?? []).map(({ name, text, colour }) => {
      const square = h("span", { class: "square", "aria-hidden": "true" });
      square.style.background = this.theme?.fills[colour] ?? "";
      return h("li", {}, square, h("span", { class: "of" }, name), text && ` ${text}`);
    });
    replace(this.legend, ...items);
  }

  // Geometry

  private get rows(): number {
    return this.view ? this.view.answer.tree.rowStarts.length - 1 : 0;
  }

  /** From the top of the canvas, which shows the panel's part that is scrolled to. */
  private top(row: number): number {
    const height = Math.max(this.rows * ROW, this.scroller.clientHeight);
    const y = this.view?.state.icicle ? row * ROW : height - (row + 1) * ROW;
    return y - this.scroller.scrollTop;
  }

  private rowAt(y: number): number {
    const height = Math.max(this.rows * ROW, this.scroller.clientHeight);
    const down = y + this.scroller.scrollTop;
    return Math.floor((this.view?.state.icicle ? down : height - down) / ROW);
  }

  private nodeBelow(event: MouseEvent): number {
    const { view } = this;
    if (!view) {
      return -1;
    }
    const { left, top, width } = this.canvas.getBoundingClientRect();
    const [start, end] = this.zoom;
    const share = start + ((event.clientX - left) / width) * (end - start);
    return nodeAt(view.answer.tree, this.rowAt(event.clientY - top), share * view.answer.tree.whole);
  }

  private reveal(node: number): void {
    const { view } = this;
    if (!view) {
      return;
    }
    const { tree } = view.answer;
    const y = this.top(tree.depth[node]);
    const room = this.scroller.clientHeight;
    if (y < 0 || y + ROW > room) {
      this.scroller.scrollTop += y - room / 3;
    }
    const whole = tree.whole || 1;
    const [left, right] = [tree.start[node] / whole, (tree.start[node] + tree.total[node]) / whole];
    const [start, end] = this.zoom;
    if (right <= start || left >= end) {
      const half = (end - start) / 2;
      this.setZoom((left + right) / 2 - half, (left + right) / 2 + half);
    }
  }

  private setZoom(start: number, end: number): void {
    const width = Math.min(1, Math.max(NARROWEST_ZOOM, end - start));
    const first = Math.min(1 - width, Math.max(0, start));
    this.zoom = [first, first + width];
    this.redraw();
  }

  /** Zooms by a factor around a place of the canvas, 0 to 1. */
  zoomBy(factor: number, place = 0.5): void {
    const [start, end] = this.zoom;
    const at = start + place * (end - start);
    this.setZoom(at - (at - start) * factor, at + (end - at) * factor);
    this.keepZoom();
  }

  /** Moves the window by a part of its width. */
  pan(part: number): void {
    const [start, end] = this.zoom;
    this.setZoom(start + part * (end - start), end + part * (end - start));
    this.keepZoom();
  }

  private settled = 0;

  /** Panning is many small steps, of which the address keeps where they end. */
  private keepZoom(): void {
    clearTimeout(this.settled);
    this.settled = window.setTimeout(() => this.view?.store.change({ zoom: rounded(this.zoom) }, true), 150);
  }

  // Drawing

  private resized(): void {
    const { clientWidth, clientHeight } = this.scroller;
    if (clientWidth === 0) {
      return;
    }
    const dense = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(clientWidth * dense);
    this.canvas.height = Math.round(clientHeight * dense);
    this.canvas.style.width = `${clientWidth}px`;
    this.canvas.style.height = `${clientHeight}px`;
    this.spacer.style.height = `${Math.max(0, this.rows * ROW - clientHeight)}px`;
    this.draw();
  }

  redraw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    const context = this.canvas.getContext("2d", { alpha: false });
    const { view, colours, theme } = this;
    if (!context || !view || !colours || !theme) {
      return;
    }
    const dense = window.devicePixelRatio || 1;
    context.setTransform(dense, 0, 0, dense, 0, 0);
    context.font = FONT;
    this.letter = context.measureText("M".repeat(100)).width / 100;
    const { tree } = view.answer;
    const boxes = this.visible.find(tree, {
      left: this.zoom[0] * tree.whole,
      right: this.zoom[1] * tree.whole,
      width: this.scroller.clientWidth,
      ...this.rowsInSight(),
    });
    const picture = {
      tree,
      boxes,
      colouring: colours,
      found: view.found,
      name: (label: number) => view.name(label),
      sign: signs(view),
      top: (row: number) => this.top(row),
      current: this.current,
      hovered: this.hovered,
      selected: view.selected,
    };
    paint(context, theme, picture, this.letter);
    this.canvas.dataset.boxes = String(boxes.count);
  }

  private rowsInSight(): { firstRow: number; lastRow: number } {
    const ends = [this.rowAt(0), this.rowAt(this.scroller.clientHeight)];
    return { firstRow: Math.min(...ends) - 1, lastRow: Math.max(...ends) + 2 };
  }

  // Pointer

  private listenToPointer(): void {
    const { scroller } = this;
    let pressed: { x: number; zoom: [number, number]; moved: boolean } | null = null;
    scroller.addEventListener("pointerdown", (event) => {
      if (event.button === 0 && event.offsetX < scroller.clientWidth) {
        pressed = { x: event.clientX, zoom: this.zoom, moved: false };
      }
    });
    scroller.addEventListener("pointermove", (event) => {
      if (pressed && (event.buttons & 1) === 1) {
        const by = event.clientX - pressed.x;
        if (pressed.moved || Math.abs(by) > STILL) {
          pressed.moved = true;
          scroller.setPointerCapture(event.pointerId);
          const width = pressed.zoom[1] - pressed.zoom[0];
          const shift = (by / scroller.clientWidth) * width;
          this.setZoom(pressed.zoom[0] - shift, pressed.zoom[1] - shift);
          this.tip.hide();
          return;
        }
      }
      this.hover(event);
    });
    scroller.addEventListener("pointerup", (event) => {
      const was = pressed;
      pressed = null;
      if (was?.moved) {
        this.keepZoom();
      } else if (was) {
        const node = this.nodeBelow(event);
        if (node >= 0) {
          this.zoomTo(node);
        }
      }
    });
    scroller.addEventListener("pointerleave", () => this.hover(null));
    scroller.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      const node = event.button === 2 ? this.nodeBelow(event) : this.current;
      this.openMenu(node, event.clientX, event.clientY);
    });
    scroller.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  private wheel(event: WheelEvent): void {
    const { left, width } = this.canvas.getBoundingClientRect();
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.zoomBy(Math.exp(event.deltaY * WHEEL * 4), (event.clientX - left) / width);
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      this.pan((event.deltaX || event.deltaY) / width);
    }
  }

  private hover(event: PointerEvent | null): void {
    const node = event ? this.nodeBelow(event) : -1;
    if (node !== this.hovered) {
      this.hovered = node;
      this.redraw();
    }
    const { view } = this;
    if (!event || node < 0 || !view) {
      this.tip.hide();
      return;
    }
    this.tip.show(event.clientX, event.clientY, tipLines(view, view.answer.tree, node));
  }
}

/** A sign before a name, where it is the difference that is shown: it is not told by colour alone. */
function signs(view: View): (node: number) => string {
  const { tree } = view.answer;
  const { other } = tree;
  if (view.state.colour !== "difference" || !other) {
    return () => "";
  }
  return (node) => ["▼ ", "", "▲ "][1 + Math.sign(stepOf(view, tree.total[node], other.total[node]))];
}

function tipLines(view: View, tree: Tree, node: number): HTMLElement[] {
  const label = tree.label[node];
  const inlined = tree.inlined[node] && view.isFunction(label) ? " · inlined" : "";
  const place = [view.location(label), view.binaryName(label)].filter(Boolean).join(" · ");
  return [
    h("div", { class: "name" }, view.name(label)),
    h("div", {}, `total ${view.measured(tree.total[node])}`),
    h("div", {}, `self ${view.measured(tree.self[node])}`),
    ...(tree.other ? [h("div", {}, h("strong", {}, changeOf(view, node)))] : []),
    h("div", { class: "quiet" }, `${place}${inlined}`),
  ];
}

/** `before 1.2 s, after 1.5 s: +0.3 s (…)`. */
function changeOf(view: View, node: number): string {
  const { tree } = view.answer;
  const change = view.difference(tree.total[node], tree.other?.total[node] ?? 0);
  return `before ${view.value(change.before)}, after ${view.value(change.after)}: ${view.changed(change)}`;
}

/** The node at the end of a path of labels from the root, or the last that is there; -1 if none is. */
export function follow(tree: Tree, path: number[]): number {
  let found = -1;
  let next = 0;
  let end = tree.count;
  for (const label of path) {
    let child = next;
    while (child < end && tree.label[child] !== label) {
      child = tree.end[child];
    }
    if (child >= end) {
      return found;
    }
    found = child;
    next = child + 1;
    end = tree.end[child];
  }
  return found;
}

/** As the address keeps it. */
function rounded([start, end]: [number, number]): [number, number] {
  return [Number(start.toPrecision(9)), Math.min(1, Number(end.toPrecision(9)))];
}
