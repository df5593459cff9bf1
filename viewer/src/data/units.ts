/** Numbers for people: as `pyrometer.profile.units` writes them. */

/** As Python writes it: what lies in the middle, exactly, goes to the even digit. */
export function fixed(number: number, digits: number): string {
  const halves = number * 2 ** (digits + 1);
  const isMiddle = Number.isInteger(halves) && halves % 2 !== 0;
  if (!isMiddle) {
    return number.toFixed(digits);
  }
  const scale = 10 ** digits;
  const below = Math.floor(number * scale);
  return ((below % 2 === 0 ? below : below + 1) / scale).toFixed(digits);
}

function threeDigits(number: number): string {
  const size = Math.abs(number);
  return fixed(number, size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** The largest unit that is not below one; the smallest otherwise. */
function unitOf(number: number, units: [number, string][]): [number, string] {
  return units.find(([size]) => Math.abs(number) >= size) ?? units[units.length - 1];
}

const TIMES: [number, string][] = [
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "µs"],
  [1, "ns"],
];
const SIZES: [number, string][] = [
  [2 ** 40, "TiB"],
  [2 ** 30, "GiB"],
  [2 ** 20, "MiB"],
  [2 ** 10, "KiB"],
];
const COUNTS: [number, string][] = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
];

export function duration(nanoseconds: number): string {
  if (nanoseconds === 0) {
    return "0 s";
  }
  const seconds = Math.round(nanoseconds / 1e9);
  if (seconds >= 120) {
    return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  }
  const [size, unit] = unitOf(nanoseconds, TIMES);
  return `${threeDigits(nanoseconds / size)} ${unit}`;
}

export function bytes(count: number): string {
  if (Math.abs(count) < 1024) {
    return `${count} B`;
  }
  const [size, unit] = unitOf(count, SIZES);
  return `${fixed(count / size, 1)} ${unit}`;
}

/** `1,234,567`. To ask the browser for it would first load its tables of all languages. */
export function grouped(number: number | string): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

export function count(number: number): string {
  if (Math.abs(number) < 1e7) {
    const [digits, fraction] = String(Math.round(number * 10) / 10).split(".");
    return grouped(digits) + (fraction ? `.${fraction}` : "");
  }
  const [size, unit] = unitOf(number, COUNTS);
  return `${threeDigits(number / size)} ${unit}`;
}

/** A value in the unit of its metric. */
export function value(number: number, unit: string): string {
  return unit === "ns" ? duration(number) : unit === "bytes" ? bytes(number) : count(number);
}

/** A share of 0 to 1, in percent. */
export function percent(share: number): string {
  return fixed(100 * share, 1);
}

/** A time since the start, in seconds, as fine as the span that is shown is wide. */
export function seconds(nanoseconds: number, span: number): string {
  const digits = Math.min(6, Math.max(0, Math.ceil(2 - Math.log10(Math.max(span, 1) / 1e9))));
  return `${(nanoseconds / 1e9).toFixed(digits)} s`;
}
