/** Draws the rows of a heat map that are in sight. */

import { COLUMNS, type Heat } from "../tree/heat";
import { property } from "../ui/theme";

export const LEFT = 70;
export const TOP = 20;
const RIGHT = 10;
/** Pixels from one label to the next. */
const LABEL = 18;
/** Shades: more cannot be told apart. */
export const SHADES = 8;

export interface HeatPicture {
  heat: Heat;
  /** Pixels. */
  width: number;
  height: number;
  rowHeight: number;
  scrolled: number;
  /** Cells, or -1. */
  cursor: number;
  /** The first and the last cell that are chosen. */
  chosen: [number, number] | null;
  written(time: number): string;
}

/** From 0 for nothing to {@link SHADES} for the most. */
export function shadeOf(sum: number, most: number): number {
  return sum > 0 && most > 0 ? Math.max(1, Math.ceil((sum / most) * SHADES)) : 0;
}

export function cellWidth({ width }: Pick<HeatPicture, "width">): number {
  return (width - LEFT - RIGHT) / COLUMNS;
}

/** The cell at a place of the canvas; the nearest one beside the map. */
export function cellAt(picture: HeatPicture, x: number, y: number): number {
  const { heat } = picture;
  const clamp = (value: number, most: number) => Math.max(0, Math.min(most, Math.floor(value)));
  const row = clamp((y - TOP + picture.scrolled) / picture.rowHeight, heat.rows - 1);
  return row * COLUMNS + clamp((x - LEFT) / cellWidth(picture), COLUMNS - 1);
}

export function paintHeat(context: CanvasRenderingContext2D, picture: HeatPicture): void {
  const { heat, width, height, rowHeight, scrolled } = picture;
  context.clearRect(0, 0, width, height);
  const first = Math.max(0, Math.floor(scrolled / rowHeight));
  const last = Math.min(heat.rows, Math.ceil((scrolled + height - TOP) / rowHeight));
  paintCells(context, picture, first, last);
  outline(context, picture, picture.chosen, property("--text"));
  outline(
    context,
    picture,
    picture.cursor < 0 ? null : [picture.cursor, picture.cursor],
    property("--accent"),
  );
  paintLabels(context, picture, first, last);
}

function topOf({ rowHeight, scrolled }: HeatPicture, row: number): number {
  return TOP + row * rowHeight - scrolled;
}

function paintCells(
  context: CanvasRenderingContext2D,
  picture: HeatPicture,
  first: number,
  last: number,
): void {
  const { heat, rowHeight } = picture;
  const wide = cellWidth(picture);
  const gap = rowHeight > 8 ? 1 : 0;
  for (let shade = 1; shade <= SHADES; shade++) {
    context.fillStyle = property("--accent");
    context.globalAlpha = shade / SHADES;
    for (let cell = first * COLUMNS; cell < last * COLUMNS; cell++) {
      if (shadeOf(heat.sums[cell], heat.most) === shade) {
        const top = topOf(picture, Math.floor(cell / COLUMNS));
        context.fillRect(LEFT + (cell % COLUMNS) * wide, top, wide - gap, rowHeight - gap);
      }
    }
  }
  context.globalAlpha = 1;
}

/** Around all cells from one to another, row by row. */
function outline(
  context: CanvasRenderingContext2D,
  picture: HeatPicture,
  cells: [number, number] | null,
  colour: string,
): void {
  if (!cells) {
    return;
  }
  const [first, last] = cells;
  const wide = cellWidth(picture);
  context.strokeStyle = colour;
  context.lineWidth = 2;
  const rows = [Math.floor(first / COLUMNS), Math.floor(last / COLUMNS)];
  for (let row = rows[0]; row <= rows[1]; row++) {
    const from = row === rows[0] ? first % COLUMNS : 0;
    const to = row === rows[1] ? last % COLUMNS : COLUMNS - 1;
    const top = topOf(picture, row);
    if (top > -picture.rowHeight && top < picture.height) {
      context.strokeRect(LEFT + from * wide, top, (to - from + 1) * wide, picture.rowHeight);
    }
  }
}

function paintLabels(
  context: CanvasRenderingContext2D,
  picture: HeatPicture,
  first: number,
  last: number,
): void {
  const { heat, width, rowHeight } = picture;
  // What has scrolled below the labels of the columns is covered.
  context.fillStyle = property("--surface");
  context.fillRect(0, 0, width, TOP);
  context.fillStyle = property("--quiet");
  context.font = '11px system-ui, "Segoe UI", Roboto, sans-serif';
  context.textBaseline = "middle";
  context.textAlign = "left";
  for (let column = 0; column < COLUMNS; column += COLUMNS / 5) {
    const text = `+${Number(((column * heat.cell) / 1e9).toPrecision(3))} s`;
    context.fillText(text, LEFT + column * cellWidth(picture), TOP / 2);
  }
  context.textAlign = "right";
  const every = Math.max(1, Math.ceil(LABEL / rowHeight));
  for (let row = Math.ceil(first / every) * every; row < last; row += every) {
    const y = topOf(picture, row) + rowHeight / 2;
    if (y > TOP) {
      context.fillText(picture.written(row * heat.row), LEFT - 8, y);
    }
  }
}
