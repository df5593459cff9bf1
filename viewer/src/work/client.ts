/** The page's side of the worker. */

import { readProfile } from "../data/profile";
import { answer } from "../tree/answer";
import type { Answer, Query } from "../tree/query";
import type { Reply } from "./worker";

/** Asks; of several questions that wait, only the last is answered. */
export interface Asker {
  ask(query: Query): Promise<Answer>;
}

/** A worker with a copy of the profile; where a browser starts none for a file on disk, the page computes by itself. */
export function startAsker(bytes: ArrayBuffer, script: string): Asker {
  try {
    return new WorkerAsker(bytes, script);
  } catch {
    const profile = readProfile(bytes);
    return { ask: async (query) => answer(profile, query) };
  }
}

interface Waiting {
  resolve: (answer: Answer) => void;
  reject: (error: Error) => void;
}

class WorkerAsker implements Asker {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;

  constructor(bytes: ArrayBuffer, script: string) {
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    this.worker = new Worker(trusted(address));
    this.worker.onmessage = ({ data }: MessageEvent<Reply>) => this.take(data);
    this.worker.onerror = (event) => this.fail(event.message);
    this.worker.postMessage({ bytes });
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
