/** How sure a difference is: as `pyrometer.analyze.significance` computes it. */

const Z = 1.959963984540054;

export interface Side {
  value: number;
  /** What one observation stands for; 0 if nothing was observed. */
  each: number;
}

export interface Difference {
  before: number;
  after: number;
  by: number;
  /** The 95 % interval of `by`; null for an exact metric. */
  interval: [number, number] | null;
  /** Whether it is more than chance, looked at by itself. */
  isReal: boolean;
}

export function differ(before: Side, after: Side, exact: boolean): Difference {
  const by = after.value - before.value;
  const values = { before: before.value, after: after.value, by };
  if (exact) {
    return { ...values, interval: null, isReal: by !== 0 };
  }
  // A side without any observation has those of the other.
  const sides = [
    { ...before, each: before.each || after.each },
    { ...after, each: after.each || before.each },
  ];
  const [old, now] = sides.map(poisson);
  const down = Math.hypot(after.value - now[0], old[1] - before.value);
  const up = Math.hypot(now[1] - after.value, before.value - old[0]);
  return { ...values, interval: [by - down, by + up], isReal: by - down > 0 || by + up < 0 };
}

/** The score interval of a Poisson mean. */
function poisson({ value, each }: Side): [number, number] {
  const count = each ? value / each : 0;
  const half = Z * Math.sqrt(count + (Z * Z) / 4);
  const middle = count + (Z * Z) / 2;
  return [Math.max(0, middle - half) * each, (middle + half) * each];
}
