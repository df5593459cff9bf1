/** Elements, made in place of markup: whatever a name contains, it is text. */

type Child = Node | string | null | undefined | false;
type Handlers = { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };

/** Attributes; `true` is one without a value, `false` and null none. */
export type Attributes = Record<string, string | number | boolean | null | undefined>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  set(element, attributes);
  append(element, children);
  return element;
}

export function set(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) {
      element.removeAttribute(name);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
}

export function append(element: Element, children: Child[]): void {
  for (const child of children) {
    if (child) {
      element.append(child);
    }
  }
}

export function replace(element: Element, ...children: Child[]): void {
  element.replaceChildren();
  append(element, children);
}

/** Writes a text where another one stands: to write the same again would lay out what is around it. */
export function write(element: Element, text: string): void {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

export function on<T extends HTMLElement>(element: T, handlers: Handlers): T {
  for (const [name, handler] of Object.entries(handlers)) {
    element.addEventListener(name, handler as EventListener);
  }
  return element;
}

export function button(text: string, click: () => void, attributes: Attributes = {}): HTMLButtonElement {
  return on(h("button", { type: "button", ...attributes }, text), { click });
}

/** Cuts a text for a person without losing both ends. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) {
    return text;
  }
  const tail = Math.floor(((most - 1) * 3) / 5);
  return `${text.slice(0, most - 1 - tail)}…${text.slice(text.length - tail)}`;
}

/** The last part of a path. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** As {@link replace}, but a control that has the focus has it afterwards too: the one of the same name. */
export function refresh(element: Element, ...children: Child[]): void {
  const active = document.activeElement;
  const name = active && element.contains(active) ? active.getAttribute("name") : null;
  replace(element, ...children);
  if (name) {
    element.querySelector<HTMLElement>(`[name="${CSS.escape(name)}"]`)?.focus();
  }
}
