/** The flame graph by pointer: click, drag, wheel, and the right button. */

import type { FlamePanel } from "./flame";

const WHEEL = 0.006;
/** Pixels that a pointer moves before a press is a drag. */
const STILL = 4;

export function listenToPointer(panel: FlamePanel, scroller: HTMLElement): void {
  const { viewport } = panel;
  let pressed: { x: number; zoom: [number, number]; moved: boolean } | null = null;
  const nodeBelow = (event: MouseEvent) => {
    const { left, top } = scroller.getBoundingClientRect();
    return viewport.nodeAt(event.clientX - left, event.clientY - top);
  };
  const drag = (event: PointerEvent): boolean => {
    const by = pressed ? event.clientX - pressed.x : 0;
    if (!pressed || (event.buttons & 1) === 0 || (!pressed.moved && Math.abs(by) <= STILL)) {
      return false;
    }
    pressed.moved = true;
    scroller.setPointerCapture(event.pointerId);
    const shift = (by / scroller.clientWidth) * (pressed.zoom[1] - pressed.zoom[0]);
    viewport.set(pressed.zoom[0] - shift, pressed.zoom[1] - shift);
    panel.hover(-1, event);
    panel.redraw();
    return true;
  };
  scroller.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && event.offsetX < scroller.clientWidth) {
      pressed = { x: event.clientX, zoom: viewport.zoom, moved: false };
    }
  });
  scroller.addEventListener("pointermove", (event) => drag(event) || panel.hover(nodeBelow(event), event));
  scroller.addEventListener("pointerup", (event) => {
    const was = pressed;
    pressed = null;
    const node = nodeBelow(event);
    if (was?.moved) {
      panel.keepZoom();
    } else if (was && node >= 0) {
      panel.zoomTo(node);
    }
  });
  scroller.addEventListener("pointerleave", (event) => panel.hover(-1, event));
  scroller.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    panel.openMenu(event.button === 2 ? nodeBelow(event) : panel.at, event.clientX, event.clientY);
  });
  scroller.addEventListener("wheel", (event) => wheel(panel, scroller, event), { passive: false });
}

function wheel(panel: FlamePanel, scroller: HTMLElement, event: WheelEvent): void {
  const { left, width } = scroller.getBoundingClientRect();
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    panel.zoomBy(Math.exp(event.deltaY * WHEEL), (event.clientX - left) / width);
  } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    event.preventDefault();
    panel.pan((event.deltaX || event.deltaY) / width);
  }
}
