/** Where the page's answers come from. */

import type { Profile } from "../data/profile";
import type { State } from "../state/state";
import type { Labels } from "../tree/labels";
import type { Answer, Query } from "../tree/query";
import { type Neighbour, neighbours } from "../tree/sums";
import type { Sight } from "../tree/tree";
import type { Asker } from "./client";

/** Who calls a function, and whom it calls. */
export interface Around {
  callers: Neighbour[];
  callees: Neighbour[];
}

export interface Source {
  /** What the page has; all of it where a question needs that. */
  readonly profile: Profile;
  /** Whether what is looked at needs more of the profile than there is. */
  lacks(state: State): boolean;
  ask(query: Query, state: State): Promise<Answer>;
  /** The answer with more of its tree; null if that is all there. */
  refine(answer: Answer, sight: Sight): Promise<Answer> | null;
  around(answer: Answer, labels: Labels, metric: number, label: number): Around | Promise<Around>;
}

/** A profile that the page has all of. */
export class Inside implements Source {
  constructor(
    readonly profile: Profile,
    private readonly asker: Asker,
  ) {}

  lacks(): boolean {
    return false;
  }

  ask(query: Query): Promise<Answer> {
    return this.asker.ask(query);
  }

  refine(): null {
    return null;
  }

  around(answer: Answer, labels: Labels, _metric: number, label: number): Around {
    return neighbours(this.profile.nodes, answer.totals, labels, label);
  }
}
