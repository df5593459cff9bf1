/** Draws the boxes of a window: rectangles of one colour together, then the names. */

import type { Found } from "../tree/search";
import type { Tree } from "../tree/tree";
import type { Colouring } from "./colours";
import { APART, GAP, Rectangles } from "./rectangles";
import type { Boxes } from "./visible";

export const ROW = 20;
/** Letters: no name is written in fewer. */
const LEAST = 3;
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

/** What was not found, as an index of fills. */
const FADED = 255;

function paintBoxes(context: CanvasRenderingContext2D, theme: Theme, picture: Picture): void {
  const { boxes, tree } = picture;
  const fills = fillsOf(picture);
  const used = new Uint8Array(FADED + 1);
  for (const fill of fills) {
    used[fill] = 1;
  }
  const rectangles = new Rectangles(context);
  // What was found last: it is not to be covered where two share a pixel.
  for (let fill = FADED; fill >= 0; fill--) {
    if (used[fill] === 0) {
      continue;
    }
    context.fillStyle = fill === FADED ? theme.faded : theme.fills[fill];
    for (let box = 0; box < boxes.count; box++) {
      if (fills[box] === fill) {
        const top = picture.top(tree.depth[boxes.node[box]]);
        rectangles.add(boxes.x[box], boxes.width[box], top, ROW - GAP);
      }
    }
    rectangles.end();
  }
}

/** By box: an index of the theme's fills, or {@link FADED}. */
function fillsOf({ boxes, tree, colouring, found }: Picture): Uint8Array {
  const fills = new Uint8Array(boxes.count);
  for (let box = 0; box < boxes.count; box++) {
    const node = boxes.node[box];
    const label = tree.label[node];
    fills[box] = found && !found.matches[label] ? FADED : colouring.of(node, label);
  }
  return fills;
}

function paintNames(context: CanvasRenderingContext2D, theme: Theme, picture: Picture, letter: number): void {
  context.font = FONT;
  context.textBaseline = "middle";
  // One colour after the other: to change it for each name takes as long as to write it.
  context.fillStyle = theme.text;
  const { found } = picture;
  writeNames(context, picture, letter, (label) => !found || found.matches[label] === 1);
  if (found) {
    context.fillStyle = theme.fadedText;
    writeNames(context, picture, letter, (label) => found.matches[label] === 0);
  }
}

function writeNames(
  context: CanvasRenderingContext2D,
  { boxes, tree, sign, name, top }: Picture,
  letter: number,
  has: (label: number) => boolean,
): void {
  for (let box = 0; box < boxes.count; box++) {
    const room = Math.floor((boxes.width[box] - 2 * PADDING) / letter);
    const node = boxes.node[box];
    const label = tree.label[node];
    if (room < LEAST || !has(label)) {
      continue;
    }
    const before = sign(node);
    const text = before + name(label, room - before.length);
    if (text) {
      context.fillText(text, boxes.x[box] + PADDING, top(tree.depth[node]) + ROW / 2);
    }
  }
}

/** Lines around the current node and the one below the pointer, and below what was found or selected. */
function paintMarks(context: CanvasRenderingContext2D, theme: Theme, picture: Picture): void {
  const { boxes, tree, found } = picture;
  context.fillStyle = theme.mark;
  context.strokeStyle = theme.mark;
  const lines = new Rectangles(context);
  for (let box = 0; box < boxes.count; box++) {
    const node = boxes.node[box];
    const label = tree.label[node];
    const top = picture.top(tree.depth[node]);
    if (found?.matches[label] || (label === picture.selected && boxes.width[box] >= APART)) {
      lines.add(boxes.x[box], boxes.width[box], top + ROW - 3, 2);
    }
    if (node === picture.current || node === picture.hovered) {
      context.lineWidth = node === picture.current ? 2 : 1;
      context.strokeRect(boxes.x[box] + 1, top + 1, Math.max(1, boxes.width[box] - 3), ROW - 3);
    }
  }
  lines.end();
}
