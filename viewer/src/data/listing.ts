/** Source and machine code of functions: inside of the page, or asked of the server. */

import type { Columns } from "./container";

export interface SourceListing {
  path: string;
  missing: string | null;
  changed: boolean;
  line: number[];
  text: (string | null)[];
  /** By metric, then by row. */
  self: number[][];
  total: number[][];
}

export interface CodeListing {
  binary: string;
  symbol: string;
  missing: string | null;
  address: string[];
  text: string[];
  function: string[];
  file: (string | null)[];
  line: (number | null)[];
  gap: boolean[];
  self: number[][];
}

export interface Listing {
  function: string;
  sources: SourceListing[];
  code: CodeListing[];
}

export interface Lister {
  /** Null if there is no listing of this function. */
  list(name: string): Promise<Listing | null>;
}

/** Those that the page holds; without any, those of the server. */
export function listerOf(columns: Columns, served: boolean): Lister {
  return served ? new Served() : new Inside(columns);
}

class Inside implements Lister {
  private known: Map<string, Listing> | null = null;

  constructor(private readonly columns: Columns) {}

  async list(name: string): Promise<Listing | null> {
    this.known ??= new Map(this.read().map((listing) => [listing.function, listing]));
    return this.known.get(name) ?? null;
  }

  private read(): Listing[] {
    return this.columns.has("listings") ? (JSON.parse(this.columns.text("listings")) as Listing[]) : [];
  }
}

class Served implements Lister {
  private readonly known = new Map<string, Promise<Listing | null>>();

  list(name: string): Promise<Listing | null> {
    const known = this.known.get(name) ?? ask(name);
    this.known.set(name, known);
    return known;
  }
}

async function ask(name: string): Promise<Listing | null> {
  const response = await fetch(`listing?function=${encodeURIComponent(name)}`);
  return response.ok ? ((await response.json()) as Listing) : null;
}
