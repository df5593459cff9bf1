/** The page's side of the worker. */

import { type Profile, readProfile } from "../data/profile";
import { answer } from "../tree/answer";
import type { Answer, Query } from "../tree/query";
import { fillIn, type Reply } from "./worker";

/** Asks; of several questions that wait, only the last is answered. */
export interface Asker {
  ask(query: Query): Promise<Answer>;
}

/** A worker, or null where a browser starts none for a file on disk: the page computes by itself then. */
export function startWorker(script: string): Worker | null {
  try {
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    return new Worker(trusted(address));
  } catch {
    return null;
  }
}

/** Gives the worker a copy of the profile. */
export function startAsker(worker: Worker | null, bytes: ArrayBuffer): { asker: Asker; profile: Profile } {
  // First the worker, so that both read it at the same time.
  worker?.postMessage({ bytes });
  const profile = readProfile(bytes);
  const asker = worker
    ? new WorkerAsker(worker, profile)
    : { ask: async (query: Query) => answer(profile, query) };
  return { asker, profile };
}

interface Waiting {
  resolve: (answer: Answer) => void;
  reject: (error: Error) => void;
}

class WorkerAsker implements Asker {
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;

  constructor(
    private readonly worker: Worker,
    private readonly profile: Profile,
  ) {
    this.worker.onmessage = ({ data }: MessageEvent<Reply>) => this.take(data);
    this.worker.onerror = (event) => this.fail(event.message);
  }

  ask(query: Query): Promise<Answer> {
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, query });
    });
  }

  private take(reply: Reply): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if ("error" in reply) {
      waiting?.reject(new Error(reply.error));
    } else {
      fillIn(reply.answer.tree, reply.lent, this.profile.nodes);
      waiting?.resolve(reply.answer);
    }
  }

  private fail(message: string): void {
    for (const { reject } of this.waiting.values()) {
      reject(new Error(message || "the worker of this page has failed"));
    }
    this.waiting.clear();
  }
}

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL: (url: string) => string },
  ): {
    createScriptURL(url: string): string;
  };
}

/** The page's policy lets nothing but this address become a script. */
function trusted(address: string): string {
  const types = (window as unknown as { trustedTypes?: TrustedTypes }).trustedTypes;
  return types
    ? types.createPolicy("worker", { createScriptURL: (url) => url }).createScriptURL(address)
    : address;
}
