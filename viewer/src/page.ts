/** The page: what stands around the panels, and which of them shows what. */

import type { Lister } from "./data/listing";
import type { Profile } from "./data/profile";
import { count, percent } from "./data/units";
import { CountersPanel } from "./panels/counters";
import { Details } from "./panels/details";
import { FlamePanel } from "./panels/flame";
import { choice } from "./panels/flame_tools";
import { FunctionsPanel } from "./panels/functions";
import { HeapPanel } from "./panels/heap";
import { HeatPanel } from "./panels/heat";
import { OverviewPanel } from "./panels/overview";
import { SourcePanel } from "./panels/source";
import { ThreadsPanel } from "./panels/threads";
import { Timeline } from "./panels/timeline";
import { TreePanel } from "./panels/tree";
import { lengthOf, type Panel, View } from "./panels/view";
import { PANELS, type PanelName, START, type State, sameQuery } from "./state/state";
import { Store } from "./state/store";
import { isLong } from "./tree/heat";
import { type Labels, labelsOf } from "./tree/labels";
import { isHeap, isOfHeap } from "./tree/points";
import type { Answer } from "./tree/query";
import { type Found, find, pattern, prepare } from "./tree/search";
import type { Sight } from "./tree/tree";
import { button, h, on, refresh, replace, set, shorten, write } from "./ui/dom";
import { whenIdle } from "./ui/idle";
import { announce, liveRegion } from "./ui/live";
import { startTheme, switchTheme } from "./ui/theme";
import type { Source } from "./work/source";

const TITLES: Record<PanelName, string> = {
  overview: "Overview",
  flame: "Flame graph",
  functions: "Functions",
  tree: "Call tree",
  source: "Source",
  threads: "Threads",
  heat: "Heat map",
  counters: "Counters",
  heap: "Heap",
};
/** Milliseconds without a key before a search begins that takes long. */
const TYPING = 120;
/** Functions and nodes: a search in no more takes less than a frame, and each letter is shown as it is typed. */
const QUICK = { functions: 100_000, nodes: 2_000_000 };

export class Page {
  private readonly store: Store;
  private readonly panels: Record<PanelName, Panel>;
  private readonly details = new Details();
  private readonly timeline = new Timeline();
  private readonly metric = h("span", { class: "metric" });
  private readonly search: HTMLInputElement;
  private readonly share = h("span", { class: "share", role: "status" });
  private readonly tabs = h("div", { role: "tablist", class: "tabs", "aria-label": "Panels" });
  private readonly chips = h("div", { class: "chips" });
  private readonly undo: HTMLButtonElement;
  private readonly main = h("div", { id: "panel", role: "tabpanel" });
  private answer: Answer | null = null;
  private labels: Labels | null = null;
  private found: { search: string; answer: Answer; found: Found | null } | null = null;
  private asked = 0;
  private refined = 0;
  /** The filters that are shown. */
  private filtered = "";

  constructor(
    private readonly source: Source,
    lister: Lister,
  ) {
    const { profile } = source;
    const { metrics, threads } = profile.about;
    const limits = {
      metrics: metrics.length,
      functions: profile.functions.count,
      threads: threads.length,
      series: profile.series.length,
    };
    this.store = new Store(limits, startOf(profile));
    this.panels = {
      overview: new OverviewPanel(),
      flame: new FlamePanel(),
      functions: new FunctionsPanel(),
      tree: new TreePanel(),
      source: new SourcePanel(lister),
      threads: new ThreadsPanel(),
      heat: new HeatPanel(),
      counters: new CountersPanel(),
      heap: new HeapPanel(),
    };
    this.search = h("input", {
      type: "search",
      placeholder: "Search functions (regex)   /",
      "aria-label": "Search functions by regular expression",
      spellcheck: "false",
      name: "search",
    });
    this.undo = button("Undo", () => this.store.undo(), { title: "One step back (Ctrl+Z)" });
    this.build();
    this.listen();
  }

  private get profile(): Profile {
    return this.source.profile;
  }

  /** The panels that have something to say of this profile. */
  private get names(): PanelName[] {
    const { profile } = this;
    const has: Partial<Record<PanelName, boolean>> = {
      threads: profile.about.pairs.length === 0,
      heat: isLong(lengthOf(profile)),
      counters: profile.series.length > 0,
      heap: isHeap(profile),
    };
    return PANELS.filter((name) => has[name] ?? true);
  }

  /** The one that is shown: an address may name one that this profile does not have. */
  private get shown(): PanelName {
    const { panel } = this.store.state;
    return this.names.includes(panel) ? panel : "overview";
  }

  /** Shows what the address says. */
  start(): Promise<void> {
    return this.ask(this.store.state);
  }

  private build(): void {
    const { about } = this.profile;
    document.title = `${about.program} – Pyrometer`;
    const theme = button("◐", () => this.switchTheme(), {
      "aria-label": "Dark or light",
      title: "Dark or light",
    });
    const header = h(
      "header",
      {},
      h("span", { class: "brand" }, "Pyrometer"),
      h("h1", { class: "program", title: about.title }, shorten(about.title, 80)),
      this.metric,
      h("span", { class: "search" }, this.search, this.share),
      theme,
    );
    this.tabs.append(...this.names.map((name) => this.tab(name)));
    const bar = h("nav", { "aria-label": "Views" }, this.tabs, this.chips, this.undo);
    const body = h("div", { class: "content" }, h("main", {}, this.main), this.details.element);
    replace(document.body, header, bar, this.timeline.element, body, liveRegion());
  }

  private tab(name: PanelName): HTMLElement {
    return button(TITLES[name], () => this.store.change({ panel: name }), {
      role: "tab",
      id: `tab-${name}`,
      "aria-controls": "panel",
    });
  }

  private switchTheme(): void {
    switchTheme();
    this.themeChanged();
  }

  private themeChanged(): void {
    this.draw(true);
  }

  private listen(): void {
    startTheme(() => this.themeChanged());
    this.store.listen((state, before) => {
      if (sameQuery(state, before) && this.answer && !this.source.lacks(state)) {
        this.draw();
      } else {
        void this.ask(state);
      }
    });
    let typing = 0;
    on(this.search, {
      input: () => {
        clearTimeout(typing);
        const search = () => this.store.drift({ search: this.search.value });
        if (this.searchesQuickly) {
          search();
        } else {
          typing = window.setTimeout(search, TYPING);
        }
      },
      keydown: (event) => {
        if (event.key === "Escape") {
          this.search.value = "";
          this.store.change({ search: "" });
        }
        if (event.key === "Enter" || event.key === "Escape") {
          this.panels[this.shown].focus?.();
        }
      },
    });
    on(this.tabs, { keydown: (event) => this.tabKey(event) });
    document.addEventListener("keydown", (event) => this.key(event));
  }

  private get searchesQuickly(): boolean {
    const { store, answer, profile } = this;
    const isFew = profile.functions.count <= QUICK.functions && (answer?.tree.count ?? 0) <= QUICK.nodes;
    return isFew && !this.source.lacks({ ...store.state, search: this.search.value });
  }

  private tabKey(event: KeyboardEvent): void {
    const { names } = this;
    const at = names.indexOf(this.shown);
    const to: Record<string, number> = {
      ArrowRight: (at + 1) % names.length,
      ArrowLeft: (at + names.length - 1) % names.length,
      Home: 0,
      End: names.length - 1,
    };
    if (event.key in to) {
      event.preventDefault();
      this.store.change({ panel: names[to[event.key]] });
      document.getElementById(`tab-${names[to[event.key]]}`)?.focus();
    }
  }

  private key(event: KeyboardEvent): void {
    const { names } = this;
    const typing = (event.target as Element).matches?.("input[type=search], select, textarea");
    if (typing || event.altKey) {
      return;
    }
    if ((event.ctrlKey || event.metaKey) && event.key === "z") {
      event.preventDefault();
      announce(this.store.steps > 0 ? "one step back" : "nothing to undo");
      this.store.undo();
    } else if (event.key === "/" && !event.ctrlKey) {
      event.preventDefault();
      this.search.focus();
      this.search.select();
    } else if (/^[1-9]$/.test(event.key) && !event.ctrlKey && names[Number(event.key) - 1]) {
      this.store.change({ panel: names[Number(event.key) - 1] });
      this.panels[this.shown].focus?.();
    }
  }

  /** Of several questions, the answer to the last is shown. */
  private async ask(state: State): Promise<void> {
    const number = ++this.asked;
    this.main.setAttribute("aria-busy", "true");
    try {
      const against = partner(this.profile, state.metric);
      const answer = await this.source.ask({ ...state, against }, state);
      if (number === this.asked) {
        this.answer = answer;
        this.labels = labelsOf(this.profile, state);
        this.draw();
        this.prepare(answer, this.labels.count);
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.main.removeAttribute("aria-busy");
    }
  }

  /** Gets ready for a search as soon as there is nothing else to do. */
  private prepare(answer: Answer, labels: number): void {
    whenIdle(() => {
      if (answer === this.answer) {
        prepare(answer.tree, labels);
      }
    });
  }

  private fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    replace(this.main, h("p", { class: "failure", role: "alert" }, `This cannot be shown: ${reason}`));
  }

  /** Shows the same answer with more of its tree. Each time all that was asked for comes: the last is enough. */
  private async refine(sight: Sight): Promise<void> {
    const { asked, answer } = this;
    const better = answer && this.source.refine(answer, sight);
    if (!better) {
      return;
    }
    const number = ++this.refined;
    this.main.setAttribute("aria-busy", "true");
    try {
      const refined = await better;
      if (number === this.refined && asked === this.asked && this.answer?.sums === answer.sums) {
        this.answer = refined;
        this.draw();
      }
    } catch (error) {
      this.fail(error);
    } finally {
      if (number === this.refined) {
        this.main.removeAttribute("aria-busy");
      }
    }
  }

  private draw(theme = false): void {
    const { answer, labels } = this;
    const { state } = this.store;
    if (!answer || !labels) {
      return;
    }
    const view = new View(
      this.source,
      this.store,
      state,
      answer,
      labels,
      this.searched(state, answer, labels),
      (sight) => void this.refine(sight),
    );
    const panel = this.panels[this.shown];
    if (this.main.firstChild !== panel.element) {
      replace(this.main, panel.element);
    }
    this.main.setAttribute("aria-labelledby", `tab-${this.shown}`);
    this.timeline.show(view);
    this.details.show(view);
    panel.show(view);
    // Last: what measures itself, as the flame graph does, would wait for the layout of what is written here.
    this.drawTop(view);
    if (theme) {
      announce("theme changed");
    }
  }

  private searched(state: State, answer: Answer, labels: Labels): Found | null {
    if (!state.search) {
      return null;
    }
    if (this.found?.search !== state.search || this.found.answer !== answer) {
      const wanted = pattern(state.search);
      const found = wanted && find(this.profile, answer.tree, labels.count, wanted, state.fold);
      this.found = { search: state.search, answer, found };
    }
    return this.found.found;
  }

  private drawTop(view: View): void {
    const { state, found } = view;
    this.drawFilters(view);
    if (document.activeElement !== this.search) {
      this.search.value = state.search;
    }
    const wrong = state.search !== "" && !found;
    this.search.setAttribute("aria-invalid", String(wrong));
    write(this.share, wrong ? "not a regular expression" : found ? shareFound(view, found) : "");
    for (const name of PANELS) {
      const tab = document.getElementById(`tab-${name}`);
      tab?.setAttribute("aria-selected", String(name === this.shown));
      tab?.setAttribute("tabindex", name === this.shown ? "0" : "-1");
    }
    this.undo.disabled = this.store.steps === 0;
  }

  /** The metric, and what is filtered by; a step of a search leaves both as they are. */
  private drawFilters(view: View): void {
    const { state, profile } = view;
    const { metric, focus, hide, threads, fold, runtime } = state;
    const filtered = JSON.stringify([metric, focus, hide, threads, fold, runtime]);
    if (filtered === this.filtered) {
      return;
    }
    this.filtered = filtered;
    const names = metricNames(profile);
    const choose = (value: string) => this.store.change({ metric: Number(value), zoom: [0, 1] });
    set(this.metric, { title: view.metric.description || null });
    refresh(this.metric, names.length > 1 ? choice("Metric", names, String(metric), choose) : names[0]?.[1]);
    refresh(this.chips, ...this.filters(view));
  }

  /** What is filtered by, each with a button that takes it away. */
  private filters(view: View): Node[] {
    const { state } = view;
    const without = (rows: number[], row: number) => rows.filter((one) => one !== row);
    const chip = (text: string, change: Partial<State>) =>
      h(
        "span",
        { class: "chip" },
        text,
        button("×", () => this.store.change({ ...change, zoom: [0, 1] }), {
          "aria-label": `no longer ${text}`,
        }),
      );
    const name = (row: number) => shorten(view.name(view.labels.of[row]), 40);
    const threads = state.threads.length;
    return [
      ...state.focus.map((row) => chip(`focus: ${name(row)}`, { focus: without(state.focus, row) })),
      ...state.hide.map((row) => chip(`hidden: ${name(row)}`, { hide: without(state.hide, row) })),
      ...(threads > 0
        ? [chip(`${threads} of ${view.profile.about.threads.length} threads`, { threads: [] })]
        : []),
    ];
  }
}

/** What a search has found: how much of the whole, in how many functions. */
function shareFound(view: View, { functions, weight }: Found): string {
  const found = `${count(functions)} ${functions === 1 ? "function" : "functions"}`;
  return functions > 0 ? `${percent(view.share(weight))} % in ${found}` : "nothing found";
}

/** Of two profiles, what has changed is what one looks at; of a heap, by self all of it is the allocator's. */
function startOf(profile: Profile): State {
  const { about } = profile;
  if (isHeap(profile) && isOfHeap(about.metrics[0].name)) {
    return { ...START, sort: "total" };
  }
  return about.pairs.length > 0 ? { ...START, metric: about.pairs[0][0], colour: "difference" } : START;
}

/** The metric that another one is compared with, or -1. */
function partner({ about }: Profile, metric: number): number {
  const pair = about.pairs.find((one) => one.includes(metric));
  return pair ? (pair.find((one) => one !== metric) ?? -1) : -1;
}

/** What can be chosen: of two profiles both sides of what both have. */
function metricNames({ about }: Profile): [string, string][] {
  const named = (row: number, side = ""): [string, string] => [String(row), about.metrics[row].name + side];
  if (about.pairs.length > 0) {
    return about.pairs.flatMap(([after, before]) => [named(after, ", after"), named(before, ", before")]);
  }
  return about.metrics.map((_, row) => named(row));
}
