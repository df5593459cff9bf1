/** The flame graph: a canvas of the size of its panel, behind which a tree of any depth scrolls. */

import { type Colouring, colouring, palette } from "../flame/colours";
import { Names } from "../flame/names";
import { FONT, paint, type Theme } from "../flame/paint";
import { Viewport } from "../flame/viewport";
import { isFine, Visible } from "../flame/visible";
import { follow, heaviestChild, pathOf, spanOf } from "../tree/path";
import { h, refresh, replace } from "../ui/dom";
import { announce } from "../ui/live";
import { type Entry, Menu } from "../ui/menu";
import { isDark, property } from "../ui/theme";
import { Tip } from "../ui/tip";
import { flameKeys } from "./flame_keys";
import { listenToPointer } from "./flame_pointer";
import { flameTools, toolsOf } from "./flame_tools";
import { describe, signs, tipLines } from "./flame_words";
import { Nothing } from "./nothing";
import type { Panel, View } from "./view";

const LABEL =
  "Flame graph. Arrow keys move between callers, callees and neighbours, Enter zooms, Escape zooms out, " +
  "F focuses, H hides. The call tree panel holds the same as a table.";
/** Milliseconds: panning is many small steps, of which the address keeps where they end. */
const SETTLED = 150;

export class FlamePanel implements Panel {
  readonly element: HTMLElement;
  readonly viewport: Viewport;
  private readonly tools = h("div", { class: "tools" });
  private readonly legend = h("ul", { class: "legend", "aria-label": "Colours, by own weight" });
  private readonly canvas = h("canvas", { "aria-hidden": "true" });
  private readonly spacer = h("div", { class: "spacer" });
  private readonly scroller: HTMLElement;
  private readonly nothing = new Nothing();
  private readonly visible = new Visible();
  private readonly names = new Names();
  private readonly tip = new Tip();
  private readonly menu = new Menu();
  private view: View | null = null;
  private colours: Colouring | null = null;
  private theme: Theme | null = null;
  private current = -1;
  private hovered = -1;
  /** What the browser calls at its next frame, if something was drawn since the last. */
  private frame = 0;
  private isStale = false;
  /** Width of a letter in pixels. */
  private letter = 0;
  private settling = 0;
  /** Whether more of the tree is on its way, and whether its way leads to a callee of the current node. */
  private isLooking = false;
  private isDescending = false;
  /** What the legend is of. */
  private explained: { colours: Colouring | null; dark: boolean } | null = null;

  constructor() {
    const attributes = { class: "flame", tabindex: 0, role: "application", "aria-label": LABEL };
    this.scroller = h("div", attributes, this.canvas, this.spacer);
    this.viewport = new Viewport(this.scroller);
    this.element = h(
      "div",
      { class: "panel" },
      this.tools,
      this.nothing.element,
      this.scroller,
      this.legend,
      this.tip.element,
    );
    this.scroller.addEventListener("scroll", () => this.redraw());
    this.scroller.addEventListener("keydown", (event) => flameKeys(this, event));
    listenToPointer(this, this.scroller);
    new ResizeObserver(() => this.resized()).observe(this.scroller);
  }

  get shown(): View | null {
    return this.view;
  }

  /** The current node, or -1. */
  get at(): number {
    return this.current;
  }

  show(view: View): void {
    const before = this.view;
    this.view = view;
    // With more of its tree, an answer is still the same: so is where one looks at it.
    const isFiner = before !== null && before.answer.sums === view.answer.sums;
    const above = this.viewport.height;
    if (!before || toolsOf(before) !== toolsOf(view)) {
      refresh(this.tools, ...flameTools(view));
    }
    if (!isFiner || before.state.colour !== view.state.colour) {
      this.colours = colouring(view, this.colours);
    }
    if (before?.answer !== view.answer) {
      const path = before && this.current >= 0 ? pathOf(before.answer.tree, this.current) : [];
      this.current = follow(view.answer.tree, path);
      this.isLooking = false;
      this.descend();
    }
    const { viewport } = this;
    const turned = !isFiner || viewport.icicle !== view.state.icicle;
    const zoom = before?.state.zoom === view.state.zoom ? viewport.zoom : view.state.zoom;
    Object.assign(viewport, { tree: view.answer.tree, icicle: view.state.icicle, zoom });
    this.hovered = -1;
    this.tip.hide();
    this.nothing.show(view);
    this.theme = themeNow();
    this.drawLegend();
    this.resized();
    if (turned) {
      this.scroller.scrollTop = view.state.icicle ? 0 : this.viewport.height;
    } else if (!view.state.icicle && this.viewport.height !== above) {
      this.scroller.scrollTop += this.viewport.height - above;
    }
  }

  focus(): void {
    this.scroller.focus();
  }

  /** Makes a node the current one, and says what it is. */
  go(node: number): void {
    const { view } = this;
    if (!view || node < 0) {
      return;
    }
    this.current = node;
    this.viewport.reveal(node);
    announce(describe(view, node));
    const label = view.answer.tree.label[node];
    const selected = view.isFunction(label) ? label : view.state.selected;
    view.store.change({ selected, zoom: this.viewport.kept }, true);
  }

  /** Goes to the heaviest callee of the current node, where that is not there yet. */
  goBelow(): void {
    const { view } = this;
    const cut = view?.answer.tree.cut;
    if (view && cut?.more[this.current]) {
      this.isDescending = true;
      view.refine({ open: [cut.place[this.current]] });
    }
  }

  private descend(): void {
    if (this.isDescending) {
      this.isDescending = false;
      // When what is shown now is drawn: to go is to show something else.
      queueMicrotask(() => this.view && this.go(heaviestChild(this.view.answer.tree, this.current)));
    }
  }

  /** Zooms to a node: it gets the whole width. -1 is everything. */
  zoomTo(node: number): void {
    const { view } = this;
    if (!view) {
      return;
    }
    if (node < 0) {
      view.store.change({ zoom: [0, 1] });
      announce("zoomed out");
      return;
    }
    this.current = node;
    const label = view.answer.tree.label[node];
    const selected = view.isFunction(label) ? label : view.state.selected;
    view.store.change({ zoom: spanOf(view.answer.tree, node), selected });
    this.viewport.reveal(node);
    announce(`zoomed to ${describe(view, node)}`);
  }

  /** Zooms by a factor around a place of the canvas, 0 to 1. */
  zoomBy(factor: number, place = 0.5): void {
    this.viewport.zoomBy(factor, place);
    this.redraw();
    this.keepZoom();
  }

  /** Moves the window by a part of its width. */
  pan(part: number): void {
    this.viewport.pan(part);
    this.redraw();
    this.keepZoom();
  }

  /** Puts the zoom into the address when it has settled. */
  keepZoom(): void {
    clearTimeout(this.settling);
    const keep = () => this.view?.store.change({ zoom: this.viewport.kept }, true);
    this.settling = window.setTimeout(keep, SETTLED);
  }

  /** Shows what is below the pointer; -1 is nothing. */
  hover(node: number, event: MouseEvent): void {
    if (node !== this.hovered) {
      this.hovered = node;
      this.redraw();
    }
    if (node >= 0 && this.view) {
      this.tip.show(event.clientX, event.clientY, tipLines(this.view, node));
    } else {
      this.tip.hide();
    }
  }

  openMenu(node: number, x: number, y: number): void {
    const { view } = this;
    if (view && node >= 0) {
      this.tip.hide();
      const zoom = { text: "Zoom to this frame", do: () => this.zoomTo(node) };
      this.menu.open(x, y, [zoom, ...entries(view, view.answer.tree.label[node])], this.scroller);
    }
  }

  private drawLegend(): void {
    const explained = { colours: this.colours, dark: isDark() };
    if (this.explained?.colours === explained.colours && this.explained?.dark === explained.dark) {
      return;
    }
    this.explained = explained;
    const items = (this.colours?.legend ?? []).map(({ name, text, colour }) => {
      const square = h("span", { class: "square", "aria-hidden": "true" });
      square.style.background = this.theme?.fills[colour] ?? "";
      return h("li", {}, square, h("span", { class: "of" }, name), text && ` ${text}`);
    });
    replace(this.legend, ...items);
  }

  private resized(): void {
    const { clientWidth, clientHeight } = this.scroller;
    if (clientWidth === 0) {
      return;
    }
    const dense = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(clientWidth * dense), Math.round(clientHeight * dense)];
    // To set them clears the picture, even if they are as before.
    if (this.canvas.width !== width || this.canvas.height !== height) {
      Object.assign(this.canvas, { width, height });
      this.canvas.style.width = `${clientWidth}px`;
      this.canvas.style.height = `${clientHeight}px`;
    }
    this.spacer.style.height = `${Math.max(0, this.viewport.height - clientHeight)}px`;
    this.draw();
  }

  /** At once, so that the browser's next frame shows it; what else comes before that frame waits for it. */
  redraw(): void {
    if (this.frame !== 0) {
      this.isStale = true;
      return;
    }
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (this.isStale) {
        this.isStale = false;
        this.draw();
      }
    });
    this.draw();
  }

  /** Asks for what is cut off where one looks closer than at what is there. */
  private lookCloser(): void {
    const { view, viewport } = this;
    const { left, right, width } = viewport.window;
    if (view && !this.isLooking && !isFine(view.answer.tree, left, right, width)) {
      this.isLooking = true;
      view.refine({ window: [Math.max(0, 2 * left - right), 2 * right - left] });
    }
  }

  private draw(): void {
    const context = this.canvas.getContext("2d", { alpha: false });
    const { view, colours, theme, viewport } = this;
    if (!context || !view || !colours || !theme) {
      return;
    }
    const dense = window.devicePixelRatio || 1;
    context.setTransform(dense, 0, 0, dense, 0, 0);
    context.font = FONT;
    this.letter ||= context.measureText("M".repeat(100)).width / 100;
    const { tree } = view.answer;
    const boxes = this.visible.find(tree, viewport.window);
    const picture = {
      tree,
      boxes,
      colouring: colours,
      found: view.found,
      name: this.names.of(view),
      sign: signs(view),
      ...viewport.places(),
      current: this.current,
      hovered: this.hovered,
      selected: view.selected,
    };
    paint(context, theme, picture, this.letter);
    this.canvas.dataset.boxes = String(boxes.count);
    this.lookCloser();
  }
}

/** What can be done with a function. */
function entries(view: View, label: number): Entry[] {
  const { state, store } = view;
  if (!view.isFunction(label)) {
    return [];
  }
  return [
    {
      text: "Focus on this function",
      do: () => store.change({ focus: [...state.focus, label], zoom: [0, 1] }),
    },
    { text: "Hide this function", do: () => store.change({ hide: [...state.hide, label], zoom: [0, 1] }) },
    { text: "Show in functions", do: () => store.change({ selected: label, panel: "functions" }) },
    { text: "Show its source", do: () => store.change({ selected: label, panel: "source" }) },
    { text: "Copy its name", do: () => void navigator.clipboard?.writeText(view.plainName(label)) },
  ];
}

function themeNow(): Theme {
  return {
    fills: palette(isDark()),
    text: property("--box-text"),
    faded: property("--box-faded"),
    fadedText: property("--box-faded-text"),
    mark: property("--accent"),
    background: property("--surface"),
  };
}
