/** The half of the page that computes. It is the same script as the page's, started in a worker. */

import { type Nodes, type Profile, readProfile } from "../data/profile";
import { answer } from "../tree/answer";
import type { Answer, Query } from "../tree/query";
import type { Tree } from "../tree/tree";

/** A question, or what a profile is made of. */
export type Request = { bytes: ArrayBuffer } | { id: number; query: Query };
export type Reply = { id: number; answer: Answer; lent: Lent } | { id: number; error: string } | "started";

/** Columns of the answer's tree that are columns of the profile: the page has them too, so they are not sent. */
export type Lent = Partial<Record<keyof Tree, keyof Nodes>>;

export interface Scope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(reply: Reply, transfer: Transferable[]): void;
}

/** Answers what is asked of it. */
export function serve(scope: Scope): void {
  let profile: Profile | null = null;
  scope.onmessage = ({ data }) => {
    if ("bytes" in data) {
      profile = readProfile(data.bytes);
    } else if (profile) {
      reply(scope, profile, data);
    }
  };
  scope.postMessage("started", []);
}

function reply(scope: Scope, profile: Profile, { id, query }: { id: number; query: Query }): void {
  try {
    const found = answer(profile, query);
    const lent = lend(found.tree, profile.nodes);
    scope.postMessage({ id, answer: found, lent }, [...buffers(found)] as Transferable[]);
  } catch (error) {
    scope.postMessage({ id, error: error instanceof Error ? error.message : String(error) }, []);
  }
}

/** Takes the profile's own columns out of a tree. */
export function lend(tree: Tree, nodes: Nodes): Lent {
  const lent: Lent = {};
  for (const [name, column] of Object.entries(tree) as [keyof Tree, unknown][]) {
    const own = (Object.keys(nodes) as (keyof Nodes)[]).find(
      (key) => key !== "count" && nodes[key] === column,
    );
    if (own) {
      lent[name] = own;
      delete (tree as Partial<Tree>)[name];
    }
  }
  return lent;
}

/** Puts them in again. */
export function fillIn(tree: Tree, lent: Lent, nodes: Nodes): void {
  const own = Object.entries(lent).map(([name, column]) => [name, nodes[column]]);
  Object.assign(tree, Object.fromEntries(own));
}

/** The memory of all arrays in an object, however deep. */
function buffers(found: object, into = new Set<ArrayBufferLike>()): Set<ArrayBufferLike> {
  for (const part of Object.values(found)) {
    if (ArrayBuffer.isView(part)) {
      into.add(part.buffer);
    } else if (part !== null && typeof part === "object") {
      buffers(part, into);
    }
  }
  return into;
}
