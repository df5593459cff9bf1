/** Rectangles of one colour: a browser takes as long for a narrow one as for a wide one. */

/** Between rows, and between boxes that stand apart. */
export const GAP = 1;
/** Pixels: boxes that are wider stand apart. */
export const APART = 3;

/** Rectangles in the order of rows, on whole pixels of the screen; those that touch are drawn as one. */
export class Rectangles {
  private readonly dense: number;
  private left = 0;
  private right = 0;
  private top = -1;
  private height = 0;

  constructor(private readonly context: CanvasRenderingContext2D) {
    this.dense = context.getTransform().a;
  }

  /** A rectangle of at least a pixel; one that is wider than some ends before the next. */
  add(x: number, wide: number, top: number, height: number): void {
    // Edges on whole pixels are drawn several times faster than those between.
    const { dense } = this;
    const left = Math.round(x * dense) / dense;
    const edge = Math.max(left + 1 / dense, Math.round((x + wide) * dense) / dense);
    const right = edge - left > APART ? edge - GAP : edge;
    if (top === this.top && left <= this.right) {
      this.right = Math.max(right, this.right);
      return;
    }
    this.end();
    [this.left, this.right, this.top, this.height] = [left, right, top, height];
  }

  /** Draws what is left. */
  end(): void {
    if (this.right > this.left) {
      this.context.fillRect(this.left, this.top, this.right - this.left, this.height);
    }
    this.right = this.left;
    this.top = -1;
  }
}
