/** Why a panel is empty. */

import { h } from "../ui/dom";
import type { View } from "./view";

/** In a sentence. */
export function nothing(view: View): string {
  const { state } = view;
  const filtered = state.time || state.threads.length > 0 || state.focus.length > 0;
  return filtered
    ? "There are no samples: the filters leave none."
    : "There are no samples: the program used too little CPU time; run it longer, or raise --rate.";
}

/** A line above a picture or a table of which there is nothing; hidden if there is something. */
export class Nothing {
  readonly element = h("p", { class: "count", hidden: true });

  show(view: View): void {
    this.element.hidden = view.answer.tree.count > 0;
    this.element.textContent = this.element.hidden ? "" : nothing(view);
  }
}
