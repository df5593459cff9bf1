/** A name in the letters that there is room for: what tells functions apart is at the end of their paths. */

import type { View } from "../panels/view";

/** Without generic arguments and parameters: `a::B<C>::d(e)` is `a::B::d`, `<a::B as C>::d` is `a::B::d`. */
export function bare(name: string): string {
  let text = "";
  let depth = 0;
  for (let at = 0; at < name.length; at++) {
    const letter = name[at];
    if (letter === "<" || letter === "(" || letter === "{") {
      if (depth === 0 && (text === "" || text.endsWith("::"))) {
        return ofType(name) ?? name;
      }
      depth++;
    } else if (isClosing(name, at)) {
      depth = Math.max(0, depth - 1);
    } else if (depth === 0) {
      text += letter;
    }
  }
  return text || name;
}

/** `>` of an arrow closes nothing. */
function isClosing(name: string, at: number): boolean {
  const letter = name[at];
  return letter === ")" || letter === "}" || (letter === ">" && name[at - 1] !== "-");
}

/** A name that begins with a type in brackets, under the type's own name; null if it is another one. */
function ofType(name: string): string | null {
  let depth = 0;
  let trait = -1;
  for (let at = 0; name[0] === "<" && at < name.length; at++) {
    if ("<({".includes(name[at])) {
      depth++;
    } else if (isClosing(name, at)) {
      depth--;
    } else if (depth === 1 && trait < 0 && name.startsWith(" as ", at)) {
      trait = at;
    }
    if (depth === 0) {
      const type = name.slice(1, trait < 0 ? at : trait);
      return `${type.startsWith("<") ? type : bare(type)}${name.slice(at + 1)}`;
    }
  }
  return null;
}

/** Names that are kept: those of some screens. */
const KEPT = 20_000;
/** No box is wider, in letters. */
const WIDEST = 1_000;

/** What names look like in boxes of some widths: while a graph moves, most are the same from frame to frame. */
export class Names {
  private known = new Map<number, string>();
  private shown: View | null = null;

  /** The name of a label in so many letters. */
  of(view: View): (label: number, room: number) => string {
    if (this.shown?.labels !== view.labels || this.known.size > KEPT) {
      this.known = new Map();
    }
    this.shown = view;
    return (label, room) => {
      const key = label * WIDEST + Math.min(room, WIDEST - 1);
      let text = this.known.get(key);
      if (text === undefined) {
        text = fitted(view.name(label), room);
        this.known.set(key, text);
      }
      return text;
    };
  }
}

const LEAST = 3;
/** No longer name is looked through: no box has room for it. */
const LONGEST = 2_000;

/** The longest form of a name that fits; nothing if there is no room for any. */
export function fitted(name: string, room: number): string {
  if (room < LEAST) {
    return "";
  }
  if (name.length <= room) {
    return name;
  }
  if (name.length > LONGEST) {
    return `${name.slice(0, room - 1)}…`;
  }
  const short = bare(name);
  const parts = short.split("::");
  for (let first = 0; first < parts.length; first++) {
    const text = parts.slice(first).join("::");
    if (text.length <= room) {
      return text;
    }
  }
  return `${parts[parts.length - 1].slice(0, room - 1)}…`;
}
