/** The half of the page that computes. It is the same script as the page's, started in a worker. */

import { type Profile, readProfile } from "../data/profile";
import { answer } from "../tree/answer";
import type { Answer, Query } from "../tree/query";

export type Request = { bytes: ArrayBuffer } | { id: number; query: Query };
export type Reply = { id: number; answer: Answer } | { id: number; error: string };

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
}

function reply(scope: Scope, profile: Profile, { id, query }: { id: number; query: Query }): void {
  try {
    const found = answer(profile, query);
    scope.postMessage({ id, answer: found }, owned(profile, found));
  } catch (error) {
    scope.postMessage({ id, error: error instanceof Error ? error.message : String(error) }, []);
  }
}

/** What can be handed over in place of being copied: all but what belongs to the profile. */
function owned(profile: Profile, answer: Answer): Transferable[] {
  const kept = new Set<ArrayBufferLike>();
  for (const column of Object.values(profile.nodes)) {
    if (typeof column === "object") {
      kept.add(column.buffer);
    }
  }
  return [...buffers(answer)].filter((buffer) => !kept.has(buffer)) as Transferable[];
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
