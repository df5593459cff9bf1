/** A menu at a place of the page, by pointer and by keyboard. */

import { button, h, replace } from "./dom";

export interface Entry {
  text: string;
  do: () => void;
}

export class Menu {
  private readonly element = h("div", {
    class: "menu",
    role: "menu",
    "aria-label": "What to do with it",
    hidden: true,
  });
  private back: HTMLElement | null = null;

  constructor() {
    this.element.addEventListener("keydown", (event) => this.pressed(event));
    this.element.addEventListener("focusout", (event) => {
      if (!this.element.contains(event.relatedTarget as Node | null)) {
        this.close(false);
      }
    });
  }

  /** `back` gets the focus when the menu is closed. */
  open(x: number, y: number, entries: Entry[], back: HTMLElement): void {
    this.back = back;
    const items = entries.map((entry) =>
      button(entry.text, () => this.choose(entry), { role: "menuitem", tabindex: -1 }),
    );
    replace(this.element, ...items);
    document.body.append(this.element);
    this.element.hidden = false;
    this.element.style.left = `${Math.min(x, window.innerWidth - this.element.offsetWidth - 8)}px`;
    this.element.style.top = `${Math.min(y, window.innerHeight - this.element.offsetHeight - 8)}px`;
    items[0]?.focus();
  }

  private choose(entry: Entry): void {
    this.close(true);
    entry.do();
  }

  private close(giveBack: boolean): void {
    if (this.element.hidden) {
      return;
    }
    this.element.hidden = true;
    this.element.remove();
    if (giveBack) {
      this.back?.focus();
    }
  }

  private pressed(event: KeyboardEvent): void {
    const items = [...this.element.querySelectorAll("button")];
    const at = items.indexOf(document.activeElement as HTMLButtonElement);
    const to: Record<string, number> = {
      ArrowDown: (at + 1) % items.length,
      ArrowUp: (at + items.length - 1) % items.length,
      Home: 0,
      End: items.length - 1,
    };
    if (event.key in to) {
      event.preventDefault();
      items[to[event.key]]?.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      this.close(true);
    }
    event.stopPropagation();
  }
}
