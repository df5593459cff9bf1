/** The page's side of the worker. */

import { type Profile, readProfile } from "../data/profile";
import { answer } from "../tree/answer";
import type { Answer, Query } from "../tree/query";
import { fillIn, type Reply } from "./worker";

/** Asks a profile. */
export interface Asker {
  ask(query: Query): Promise<Answer>;
}

/** A worker that has read its script, or could not: for a file on disk, some browsers start none. */
export class Helper {
  /** When it has started, or cannot be: what keeps the page busy keeps a worker from starting. */
  readonly started: Promise<void>;
  private readonly worker: Worker | null;
  /** Called when it fails. */
  private failed: (() => void) | null = null;
  private broken = false;

  constructor(script: string) {
    const worker = started(script);
    this.worker = worker;
    this.started = new Promise((resolve) => {
      if (!worker) {
        resolve();
        return;
      }
      worker.onmessage = () => resolve();
      worker.onerror = () => {
        this.broken = true;
        this.failed?.();
        resolve();
      };
    });
  }

  /** Gives it a copy of the profile. Without it, the page computes by itself. */
  share(bytes: ArrayBuffer): { asker: Asker; profile: Profile } {
    // First the worker, so that both read it at the same time.
    this.worker?.postMessage({ bytes });
    const profile = readProfile(bytes);
    if (!this.worker || this.broken) {
      return { asker: { ask: async (query) => answer(profile, query) }, profile };
    }
    const asker = new WorkerAsker(this.worker, profile);
    this.failed = () => asker.takeOver();
    return { asker, profile };
  }
}

function started(script: string): Worker | null {
  try {
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    return new Worker(trusted(address));
  } catch {
    return null;
  }
}

interface Waiting {
  query: Query;
  resolve: (answer: Answer) => void;
  reject: (error: Error) => void;
}

class WorkerAsker implements Asker {
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;
  private isAlone = false;

  constructor(
    private readonly worker: Worker,
    private readonly profile: Profile,
  ) {
    this.worker.onmessage = ({ data }: MessageEvent<Reply>) => this.take(data);
  }

  async ask(query: Query): Promise<Answer> {
    if (this.isAlone) {
      return answer(this.profile, query);
    }
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { query, resolve, reject });
      this.worker.postMessage({ id, query });
    });
  }

  /** The worker has failed: the page does what is left. */
  takeOver(): void {
    this.isAlone = true;
    for (const { query, resolve, reject } of this.waiting.values()) {
      this.ask(query).then(resolve, reject);
    }
    this.waiting.clear();
  }

  private take(reply: Reply): void {
    if (reply === "started") {
      return;
    }
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if ("error" in reply) {
      waiting?.reject(new Error(reply.error));
    } else {
      fillIn(reply.answer.tree, reply.lent, this.profile.nodes);
      waiting?.resolve(reply.answer);
    }
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
