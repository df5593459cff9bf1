/**
 * A table of any number of rows, of which only those in sight are elements. It is used by keyboard alone: one row has
 * the focus, and the arrow keys move it. The roles are ARIA's grid and treegrid.
 */

import { append, h, replace, set } from "./dom";

export const ROW_HEIGHT = 26;
const BEYOND = 8;
/** Browsers give up on elements above some 30 million pixels; beyond this many rows, the rest can be searched. */
const MOST_ROWS = 1_000_000;

export interface Column {
  title: string;
  /** What the title means. */
  meaning?: string;
  /** Class of its cells. */
  kind: "number" | "place" | "name" | "text" | "wide";
  /** `ascending` or `descending` if rows are sorted by it; null if they can be. */
  sorted?: "ascending" | "descending" | null;
}

export interface RowView {
  /** One for each column; of a heading, one in all. */
  cells: (Node | string)[];
  heading?: boolean;
  /** Beside `role` and `aria-rowindex`. */
  attributes?: Record<string, string | number | boolean | null>;
}

export interface Source {
  label: string;
  columns: Column[];
  count: number;
  /** Pixels by kind of column, with what is between them, where they are others than usual. */
  widths?: Partial<Record<Column["kind"], number>>;
  row(at: number): RowView;
  /** A column's title was chosen. */
  sort?(column: number): void;
  /** A row was chosen by a click or by moving to it. */
  select?(at: number): void;
  /** Enter, or a double click. */
  open?(at: number): void;
  /** A key that the table itself does not know; true if it was of use. */
  key?(at: number, event: KeyboardEvent): boolean;
}

/** Of names so much that they can be told apart; the others as `tables.css` has them. */
const WIDTHS: Record<Column["kind"], number> = { number: 88, place: 70, text: 132, wide: 202, name: 212 };
const PADDING = 28;

export class VirtualTable {
  readonly element: HTMLElement;
  private readonly head = h("div", { role: "rowgroup", class: "head" });
  private readonly body = h("div", { role: "rowgroup", class: "body" });
  private source: Source | null = null;
  private first = -1;
  private last = -1;
  /** The row that has the focus, or would get it. */
  private current = 0;

  constructor(role: "grid" | "treegrid") {
    this.element = h("div", { role, class: "table", "aria-multiselectable": "false" }, this.head, this.body);
    this.element.addEventListener("scroll", () => this.draw(false));
    this.element.addEventListener("keydown", (event) => this.pressed(event));
    this.body.addEventListener("click", (event) => this.clicked(event, false));
    this.body.addEventListener("dblclick", (event) => this.clicked(event, true));
    new ResizeObserver(() => this.draw(true)).observe(this.element);
  }

  /** Shows other rows; the current one stays where it is, unless it is said where. */
  show(source: Source, current = this.current): void {
    this.source = source;
    set(this.element, { "aria-label": source.label, "aria-rowcount": source.count + 1 });
    set(this.element, { "aria-colcount": source.columns.length });
    const widths = { ...WIDTHS, ...source.widths };
    const least = source.columns.reduce((sum, { kind }) => sum + widths[kind], PADDING);
    this.element.style.setProperty("--least", `${least}px`);
    this.drawHead(source);
    this.body.style.height = `${Math.min(source.count, MOST_ROWS) * ROW_HEIGHT}px`;
    this.current = Math.max(0, Math.min(current, source.count - 1));
    this.draw(true);
  }

  get at(): number {
    return this.current;
  }

  /** Moves to a row and shows it. */
  go(at: number, focus = true): void {
    const count = this.source?.count ?? 0;
    // The elements stay, so that a double click finds the row that was clicked first.
    const before = this.rowElement(this.current);
    if (before) {
      set(before, { tabindex: -1, "aria-selected": "false" });
    }
    this.current = Math.max(0, Math.min(at, count - 1));
    this.reveal();
    this.draw(false);
    const row = this.rowElement(this.current);
    if (row) {
      set(row, { tabindex: 0, "aria-selected": "true" });
    }
    if (focus) {
      row?.focus({ preventScroll: true });
    }
  }

  /** Rows look other than they did. */
  redraw(): void {
    this.draw(true);
  }

  private reveal(): void {
    const top = this.current * ROW_HEIGHT;
    const room = this.element.clientHeight - ROW_HEIGHT;
    if (top < this.element.scrollTop) {
      this.element.scrollTop = top;
    } else if (top + ROW_HEIGHT > this.element.scrollTop + room) {
      this.element.scrollTop = top + ROW_HEIGHT - room;
    }
  }

  private drawHead(source: Source): void {
    const cells = source.columns.map((column, index) => {
      const cell = h("div", { role: "columnheader", class: column.kind, "aria-colindex": index + 1 });
      set(cell, { title: column.meaning });
      if (column.sorted === undefined) {
        cell.append(column.title || h("span", { class: "spoken" }, "Bar"));
      } else {
        const choose = h("button", { type: "button", tabindex: 0 }, column.title, arrow(column.sorted));
        choose.addEventListener("click", () => source.sort?.(index));
        set(cell, { "aria-sort": column.sorted ?? "none" });
        cell.append(choose);
      }
      return cell;
    });
    // A redrawn head must not lose the focus of the button that caused it.
    const focused = [...this.head.querySelectorAll("button")].indexOf(
      document.activeElement as HTMLButtonElement,
    );
    replace(this.head, h("div", { role: "row", class: "row", "aria-rowindex": 1 }, ...cells));
    this.head.querySelectorAll("button")[focused]?.focus();
  }

  private draw(always: boolean): void {
    const { source } = this;
    if (!source) {
      return;
    }
    const count = Math.min(source.count, MOST_ROWS);
    const first = Math.max(0, Math.floor(this.element.scrollTop / ROW_HEIGHT) - BEYOND);
    const shown = Math.ceil(this.element.clientHeight / ROW_HEIGHT) + 2 * BEYOND;
    const last = Math.min(count, first + shown);
    if (!always && first === this.first && last === this.last) {
      return;
    }
    const focused = this.body.contains(document.activeElement);
    this.first = first;
    this.last = last;
    const rows = Array.from({ length: Math.max(0, last - first) }, (_, at) =>
      this.makeRow(source, first + at),
    );
    replace(this.body, ...rows);
    if (focused) {
      this.rowElement(this.current)?.focus({ preventScroll: true });
    }
  }

  private makeRow(source: Source, at: number): HTMLElement {
    const { cells, heading, attributes } = source.row(at);
    const current = at === this.current;
    const row = h("div", {
      role: "row",
      class: "row",
      "aria-rowindex": at + 2,
      "aria-selected": String(current),
      tabindex: current ? 0 : -1,
      "data-at": at,
      ...attributes,
    });
    row.style.top = `${at * ROW_HEIGHT}px`;
    if (heading) {
      const span = { role: "gridcell", class: "heading", "aria-colspan": source.columns.length };
      const content = h("div", span, ...cells);
      content.title = content.textContent ?? "";
      append(row, [content]);
      return row;
    }
    cells.forEach((content, index) => {
      const { kind } = source.columns[index];
      row.append(h("div", { role: "gridcell", class: kind, "aria-colindex": index + 1 }, content));
    });
    return row;
  }

  private rowElement(at: number): HTMLElement | null {
    return this.body.querySelector(`[data-at="${at}"]`);
  }

  private clicked(event: MouseEvent, open: boolean): void {
    const row = (event.target as Element).closest<HTMLElement>("[data-at]");
    if (!row) {
      return;
    }
    const at = Number(row.dataset.at);
    this.go(at);
    if (open) {
      this.source?.open?.(at);
    } else {
      this.source?.select?.(at);
    }
  }

  private pressed(event: KeyboardEvent): void {
    if (!this.source || (event.target as Element).tagName === "BUTTON" || event.ctrlKey || event.metaKey) {
      return;
    }
    if (this.source.key?.(this.current, event) || this.moved(event.key)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  private moved(key: string): boolean {
    const page = Math.max(1, Math.floor(this.element.clientHeight / ROW_HEIGHT) - 2);
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
    const ends: Record<string, number> = { Home: 0, End: (this.source?.count ?? 1) - 1 };
    if (key === "Enter") {
      this.source?.open?.(this.current);
      return true;
    }
    if (!(key in steps) && !(key in ends)) {
      return false;
    }
    this.go(key in steps ? this.current + steps[key] : ends[key]);
    this.source?.select?.(this.current);
    return true;
  }
}

function arrow(sorted: "ascending" | "descending" | null): HTMLElement {
  return h(
    "span",
    { class: "arrow", "aria-hidden": "true" },
    sorted === "ascending" ? "▲" : sorted ? "▼" : "",
  );
}
