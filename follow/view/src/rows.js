// A long list of which only the rows in sight are there: some 25 positioned elements.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { html } from "./html.js";

const TALLEST = 8_000_000; // browsers cannot make an element much taller than this (px)

/**
 * count: how many rows there are; render: (index, isCursor) => content of the row; current: the row to keep in sight;
 * onPick: (index) => for a click and Enter; onKey: (event, index) => true if it has dealt with a key.
 */
export function Rows({ count, height = 22, render, current = -1, onPick, onKey, label, id, rowClass, token }) {
  const element = useRef(null);
  const [top, setTop] = useState(0);
  const [view, setView] = useState(300);
  const [cursor, setCursor] = useState(-1);
  const total = count * height;
  const spacer = Math.min(total, TALLEST);
  const shown = Math.ceil(view / height) + 1;
  const whole = Math.max(1, Math.floor(view / height));
  const squeezed = total > TALLEST;
  let first = Math.floor(top / height);
  if (squeezed) first = Math.round((top / (spacer - view)) * (count - whole));
  first = Math.max(0, Math.min(first, count - 1));
  const shift = squeezed ? 0 : first * height - top;

  const bring = (row, centred) => {
    if (!element.current || row < 0) return;
    const inside = row >= first + (shift < 0 ? 1 : 0) && row < first + whole;
    if (inside) return;
    const wanted = centred ? row - Math.floor(whole / 2) : row < first ? row : row - whole + 1;
    const to = squeezed ? (wanted / (count - whole)) * (spacer - view) : wanted * height;
    element.current.scrollTop = Math.max(0, to);
    setTop(element.current.scrollTop);
  };
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => setView(entry.contentRect.height));
    observer.observe(element.current);
    setView(element.current.clientHeight);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => bring(current, true), [current, count, token, view > 60]);
  useLayoutEffect(() => setCursor(-1), [count, token]);

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
  const onKeyDown = (event) => {
    if (!onPick || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!(onKey?.(event, at) || (keys[event.key] && (keys[event.key](), true)))) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const rows = [];
  for (let row = first; row < Math.min(count, first + shown); row++) {
    const marks = `row ${row === current ? "current" : ""} ${row === cursor ? "cursor" : ""} ${rowClass?.(row) ?? ""}`;
    rows.push(html`<div key=${row - first} class=${marks} data-row=${row} role=${onPick ? "option" : null}
      aria-selected=${row === current} style=${`top:${shift + (row - first) * height}px;height:${height}px`}
      onClick=${onPick ? () => onPick(row) : null}>${render(row)}</div>`);
  }
  return html`<div class="rows" id=${id} ref=${element} tabindex=${onPick ? 0 : -1} role=${onPick ? "listbox" : null}
    aria-label=${label} onScroll=${(event) => setTop(event.currentTarget.scrollTop)} onKeyDown=${onKeyDown}>
    <div style=${`height:${spacer}px`}><div class="window" style=${`height:${view}px`}>${rows}</div></div></div>`;
}
