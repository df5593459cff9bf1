/** Draws the boxes of a window: rectangles of one colour together, then the names. */

import type { Found } from "../tree/search";
import type { Tree } from "../tree/tree";
import type { Colouring } from "./colours";
import type { Boxes } from "./visible";

export const ROW = 20;
const GAP = 1;
const PADDING = 4;
export const FONT = '12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace';

export interface Theme {
  fills: string[];
  text: string;
  /** Of what a search did not find. */
  faded: string;
  fadedText: string;
  mark: string;
  background: string;
}

export interface Picture {
  tree: Tree;
  boxes: Boxes;
  colouring: Colouring;
  found: Found | null;
  /** The name of a label in so many letters. */
  name: (label: number, room: number) => string;
  /** What stands before the name of a node. */
  sign: (node: number) => string;
  /** Top of a row, in pixels of the canvas. */
  top: (row: number) => number;
  /** The node that is being looked at, or -1. */
  current: number;
  hovered: number;
  /** Functions that are selected are underlined wherever they are. */
  selected: number;
}

/** Draws all of it; the canvas is `width` by `height`, in CSS pixels. */
export function paint(
  context: CanvasRenderingContext2D,
  theme: Theme,
  picture: Picture,
  letter: number,
): void {
  const { width, height } = context.canvas;
  context.save();
  context.resetTransform();
  context.fillStyle = theme.background;
  context.fillRect(0, 0, width, height);
  context.restore();
  paintBoxes(context, theme, picture);
  paintNames(context, theme, picture, letter);
  paintMarks(context, theme, picture);
}

function paintBoxes(context: CanvasRenderingContext2D, theme: Theme, picture: Picture): void {
  const { boxes } = picture;
  const byColour = new Map<string, number[]>();
  for (let box = 0; box < boxes.count; box++) {
    const fill = fillOf(theme, picture, boxes.node[box]);
    const same = byColour.get(fill);
    if (same) {
      same.push(box);
    } else {
      byColour.set(fill, [box]);
    }
  }
  // Edges on whole pixels of the screen are drawn several times faster than those between.
  const dense = context.getTransform().a;
  const whole = (edge: number) => Math.round(edge * dense) / dense;
  for (const [fill, same] of byColour) {
    context.fillStyle = fill;
    for (const box of same) {
      const top = picture.top(picture.tree.depth[boxes.node[box]]);
      const left = whole(boxes.x[box]);
      const wide = Math.max(1 / dense, whole(boxes.x[box] + boxes.width[box]) - left);
      context.fillRect(left, top, wide > 3 ? wide - GAP : wide, ROW - GAP);
    }
  }
}

function fillOf(theme: Theme, { tree, colouring, found }: Picture, node: number): string {
  const label = tree.label[node];
  if (found && !found.matches[label]) {
    return theme.faded;
  }
  return theme.fills[colouring.of(node, label)];
}

function paintNames(context: CanvasRenderingContext2D, theme: Theme, picture: Picture, letter: number): void {
  const { boxes, tree, found } = picture;
  context.font = FONT;
  context.textBaseline = "middle";
  for (let box = 0; box < boxes.count; box++) {
    const room = Math.floor((boxes.width[box] - 2 * PADDING) / letter);
    if (room < 3) {
      continue;
    }
    const node = boxes.node[box];
    const sign = picture.sign(node);
    const text = sign + picture.name(tree.label[node], room - sign.length);
    if (text) {
      context.fillStyle = found && !found.matches[tree.label[node]] ? theme.fadedText : theme.text;
      context.fillText(text, boxes.x[box] + PADDING, picture.top(tree.depth[node]) + ROW / 2);
    }
  }
}

/** Lines around the current node and the one below the pointer, and below what was found or selected. */
function paintMarks(context: CanvasRenderingContext2D, theme: Theme, picture: Picture): void {
  const { boxes, tree, found } = picture;
  context.fillStyle = theme.mark;
  context.strokeStyle = theme.mark;
  for (let box = 0; box < boxes.count; box++) {
    const node = boxes.node[box];
    const label = tree.label[node];
    const top = picture.top(tree.depth[node]);
    if (found?.matches[label] || (label === picture.selected && boxes.width[box] >= 3)) {
      context.fillRect(boxes.x[box], top + ROW - 3, Math.max(1, boxes.width[box] - GAP), 2);
    }
    if (node === picture.current || node === picture.hovered) {
      context.lineWidth = node === picture.current ? 2 : 1;
      context.strokeRect(boxes.x[box] + 1, top + 1, Math.max(1, boxes.width[box] - 3), ROW - 3);
    }
  }
}
