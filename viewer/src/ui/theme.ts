/** Dark and light: as the system has it, until it is chosen. */

const KEY = "pyrometer-theme";
let query: MediaQueryList | null = null;

function system(): MediaQueryList {
  query ??= window.matchMedia("(prefers-color-scheme: dark)");
  return query;
}

export function isDark(): boolean {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : system().matches;
}

/** Colours that were asked for: nothing but the theme changes them, and each frame asks again. */
const colours = new Map<string, string>();

/** A colour of the style sheet, for a canvas, which may not know `light-dark()`. */
export function property(name: string): string {
  const key = `${name} ${isDark()}`;
  const colour = colours.get(key) ?? computed(name);
  colours.set(key, colour);
  return colour;
}

function computed(name: string): string {
  const written = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const [, light, dark] = /^light-dark\(\s*([^,]+?)\s*,\s*([^,]+?)\s*\)$/.exec(written) ?? [];
  return (isDark() ? dark : light) ?? written;
}

/** Applies what was chosen before, and calls back whenever the theme changes. */
export function startTheme(changed: () => void): void {
  const kept = remembered();
  if (kept === "dark" || kept === "light") {
    document.documentElement.dataset.theme = kept;
  }
  system().addEventListener("change", changed);
}

export function switchTheme(): void {
  const next = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // A file on disk may have no storage: then the choice lasts as long as the page.
  }
}

function remembered(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
