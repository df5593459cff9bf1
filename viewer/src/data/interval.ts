/** How sure a share is: as `pyrometer.analyze.interval` computes it. */

/** Two-sided 95 % of the normal distribution. */
const Z = 1.959963984540054;

/** Wilson's interval of a share (0 to 1) seen in so many observations; everything if there are none. */
export function wilson(share: number, size: number): [number, number] {
  if (size <= 0) {
    return [0, 1];
  }
  const square = (Z * Z) / size;
  const middle = (share + square / 2) / (1 + square);
  const half = (Z / (1 + square)) * Math.sqrt(Math.max(0, share * (1 - share)) / size + square / (4 * size));
  return [Math.max(0, Math.min(share, middle - half)), Math.min(1, Math.max(share, middle + half))];
}
