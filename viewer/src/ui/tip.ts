/** What is below the pointer, beside it. */

import { h, replace } from "./dom";

const AWAY = 14;

export class Tip {
  readonly element = h("div", { class: "tip", "aria-hidden": "true", hidden: true });

  show(x: number, y: number, lines: HTMLElement[]): void {
    replace(this.element, ...lines);
    this.element.hidden = false;
    const { offsetWidth, offsetHeight } = this.element;
    const left = Math.min(x + AWAY, window.innerWidth - offsetWidth - AWAY);
    const below = y + AWAY + offsetHeight < window.innerHeight;
    this.element.style.left = `${Math.max(0, left)}px`;
    this.element.style.top = `${below ? y + AWAY : y - AWAY - offsetHeight}px`;
  }

  hide(): void {
    this.element.hidden = true;
  }
}
