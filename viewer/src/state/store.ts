/** The one state of the page, in its address: each step is an entry of the browser's history. */

import { fromAddress, type Limits, type State, toAddress } from "./state";

/** Milliseconds without a change before the address follows: to write it takes a browser longer than a frame may. */
const SETTLED = 150;

export type Listener = (state: State, before: State) => void;

export class Store {
  private current: State;
  private readonly listeners: Listener[] = [];
  /** The timer of what the address does not have yet, or 0. */
  private settling = 0;

  /** `start` is what an address without anything means. */
  constructor(
    limits: Limits,
    private readonly start: State,
  ) {
    this.current = fromAddress(location.hash, limits, start);
    window.addEventListener("popstate", () => {
      this.stopSettling();
      this.become(fromAddress(location.hash, limits, start));
    });
  }

  get state(): State {
    return this.current;
  }

  /** How many steps can be undone. */
  get steps(): number {
    const kept = history.state as { steps?: number } | null;
    return kept?.steps ?? 0;
  }

  listen(listener: Listener): void {
    this.listeners.push(listener);
  }

  /** Goes to another state; `quietly`: it is no step of its own. */
  change(part: Partial<State>, quietly = false): void {
    this.settle();
    const next = { ...this.current, ...part };
    const address = `#${toAddress(next, this.start)}`;
    if (address !== `#${toAddress(this.current, this.start)}`) {
      if (quietly) {
        history.replaceState(history.state, "", address);
      } else {
        history.pushState({ steps: this.steps + 1 }, "", address);
      }
    }
    this.become(next);
  }

  /** As a quiet change of which more follow, letter by letter: the address has the last. */
  drift(part: Partial<State>): void {
    this.stopSettling();
    this.settling = window.setTimeout(() => this.settle(), SETTLED);
    this.become({ ...this.current, ...part });
  }

  private settle(): void {
    if (this.settling !== 0) {
      this.stopSettling();
      history.replaceState(history.state, "", `#${toAddress(this.current, this.start)}`);
    }
  }

  /** Forgets what the address does not have. */
  private stopSettling(): void {
    clearTimeout(this.settling);
    this.settling = 0;
  }

  undo(): void {
    this.settle();
    if (this.steps > 0) {
      history.back();
    }
  }

  private become(next: State): void {
    const before = this.current;
    this.current = next;
    for (const listener of this.listeners) {
      listener(next, before);
    }
  }
}
