// A long list of which only the rows in sight are there: some 25 positioned elements.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { html } from "./html.js";

const MARGIN = 3; // rows that are seen above and below the current one
const TALLEST = 8_000_000; // browsers cannot make an element much taller than this (px)

/**
 * count: how many rows there are; render: (index, isCursor) => content of the row; current: the row to keep in sight;
 * onPick: (index) => for a click and Enter; onKey: (event, index) => true if it has dealt with a key.
 */
export function Rows({ count, height = 22, render, current = -1, onPick, onKey, label, id, rowClass, token }) {
  const element = useRef(null);
  const top = useRef(0); // where the list is scrolled to, in px
  const brought = useRef("");
  const scrolled = useRef(false); // whether the element has yet to be told of `top`
  const [, redraw] = useState(0);
  const [view, setView] = useState(300);
  const [cursor, setCursor] = useState(-1);
  const total = count * height;
  const spacer = Math.min(total, TALLEST);
  const shown = Math.ceil(view / height) + 1;
  const whole = Math.max(1, Math.floor(view / height));
  const squeezed = total > TALLEST;
  const firstAt = (px) => {
    const found = squeezed ? Math.round((px / (spacer - view)) * (count - whole)) : Math.floor(px / height);
    return Math.max(0, Math.min(found, count - 1));
  };

  /** Scroll so that a row is in sight; all happens before anything is drawn. */
  const bring = (row, centred) => {
    if (row < 0) return;
    const margin = centred ? Math.min(MARGIN, whole >> 2) : 0;
    const first = squeezed ? firstAt(top.current) : Math.ceil(top.current / height);
    if (row >= first + margin && row < first + whole - margin) return;
    const wanted = centred ? row - Math.floor(whole / 2) : row < first ? row : row - whole + 1;
    const to = squeezed ? (wanted / (count - whole)) * (spacer - view) : wanted * height;
    top.current = Math.max(0, Math.min(to, spacer - view));
    scrolled.current = true;
  };
  const state = `${current} ${count} ${token} ${view}`;
  if (brought.current !== state) {
    brought.current = state;
    bring(current, true);
  }
  if (top.current > Math.max(0, spacer - view)) {
    top.current = Math.max(0, spacer - view);
    scrolled.current = true;
  }
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => setView(entry.contentRect.height));
    observer.observe(element.current);
    setView(element.current.clientHeight);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (scrolled.current) element.current.scrollTop = top.current;
    scrolled.current = false;
  });
  useLayoutEffect(() => setCursor(-1), [count, token]);
  const onScroll = (event) => {
    const now = event.currentTarget.scrollTop;
    if (Math.abs(now - top.current) < 1) return;
    top.current = now;
    redraw((times) => times + 1);
  };

  const move = (to) => {
    const next = Math.max(0, Math.min(count - 1, to));
    setCursor(next);
    bring(next, false);
  };
  const at = cursor >= 0 ? cursor : current;
  const keys = {
    ArrowDown: () => move(at + 1),
    ArrowUp: () => move(Math.max(at, 1) - 1),
    PageDown: () => move(at + whole),
    PageUp: () => move(at - whole),
    Home: () => move(0),
    End: () => move(count - 1),
    Enter: () => at >= 0 && onPick?.(at),
  };
  const pick = (row) => {
    element.current.blur(); // so that the arrows step again
    onPick(row);
  };
  const onKeyDown = (event) => {
    if (!onPick || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!(onKey?.(event, at) || (keys[event.key] && (keys[event.key](), true)))) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const first = firstAt(top.current);
  const shift = squeezed ? 0 : first * height - top.current;
  const rows = [];
  for (let row = first; row < Math.min(count, first + shown); row++) {
    const marks = `row ${row === current ? "current" : ""} ${row === cursor ? "cursor" : ""} ${rowClass?.(row) ?? ""}`;
    rows.push(html`<div key=${row - first} class=${marks} data-row=${row} role=${onPick ? "option" : null}
      aria-selected=${row === current} style=${`top:${shift + (row - first) * height}px;height:${height}px`}
      onClick=${onPick ? () => pick(row) : null}>${render(row)}</div>`);
  }
  return html`<div class="rows" id=${id} ref=${element} tabindex=${onPick ? 0 : -1} role=${onPick ? "listbox" : null}
    aria-label=${label} onScroll=${onScroll} onKeyDown=${onKeyDown}>
    <div style=${`height:${spacer}px`}><div class="window" style=${`height:${view}px`}>${rows}</div></div></div>`;
}
