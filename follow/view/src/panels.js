// Iterations, search and exceptions.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { grouped, html, short } from "./html.js";
import { iterationText, levels } from "./loops.js";
import { Rows } from "./rows.js";
import { search, sliced } from "./search.js";
import { go, position, store } from "./state.js";
import { lowerBound } from "./store.js";

const level = signal(-1); // which of the levels is picked from; -1 is the innermost around the position
const filter = signal("");
const filtered = signal({ of: "", items: [], done: true });
const query = signal("");
const found = signal({ of: "", items: [], more: false, done: true });

/**
 * An input above a list: Enter picks the first row, as soon as there is one, and goes on in the list; Down only goes there.
 */
function Input({ id, text, told, list, count, done, pick }) {
  const asked = useRef(false);
  const enter = () => {
    asked.current = false;
    pick(0);
    document.getElementById(list).focus();
  };
  useEffect(() => {
    if (asked.current && count) enter();
    else if (done) asked.current = false;
  }, [count, done, text.value]);
  const onKeyDown = (event) => {
    if (event.key === "ArrowDown") document.getElementById(list).focus();
    else if (event.key !== "Enter") return;
    else if (count && done) enter();
    else asked.current = true;
    event.preventDefault();
  };
  return html`<input id=${id} type="search" value=${text.value} placeholder=${told} aria-label=${told}
    spellcheck=${false} onInput=${(event) => (text.value = event.currentTarget.value)} onKeyDown=${onKeyDown} />`;
}

/** Puts the iterations that hold the filter's text into `filtered`, a slice at a time. */
function* matchingIterations(s, { from, to }, text, items) {
  for (let rank = from; rank < to; rank++) {
    const told = `#${rank - from + 1} ${iterationText(s, s.placeCallEvents[rank])}`.toLowerCase();
    if (told.includes(text)) items.push(rank - from);
    if (!((rank - from) & 255)) yield;
  }
}

export function Iterations() {
  const s = store.value;
  const at = position.value;
  const all = levels(s, at);
  const around = all.filter((one) => one.current >= 0).length;
  const chosen = all[Math.min(level.value < 0 ? Math.max(0, around - 1) : level.value, all.length - 1)];
  const text = filter.value.trim().toLowerCase();
  const key = chosen ? `${chosen.from} ${chosen.to} ${text}` : "";
  useEffect(() => {
    if (!chosen || !text) return undefined;
    const result = { of: key, items: [], done: false };
    const tell = (done) => (filtered.value = { ...result, done });
    return sliced(matchingIterations(s, chosen, text, result.items), () => tell(false), () => tell(true));
  }, [key]);
  if (!chosen) return html`<p class="nothing">There is no loop here.</p>`;
  const matches = text ? (filtered.value.of === key ? filtered.value.items : []) : null;
  const number = (row) => (matches ? matches[row] : row);
  const event = (row) => s.placeCallEvents[chosen.from + number(row)];
  const count = matches ? matches.length : chosen.to - chosen.from;
  const name = (one) => s.places[one.loop].text;
  const pick = (row) => go(event(row));
  return html`<div class="levels">${all.map((one, i) => html`<button class=${one === chosen ? "chosen" : ""}
      onClick=${() => (level.value = i)}>${short(name(one), 40)} <span class="count">${
        one.current >= 0 ? `${grouped(one.current + 1)} of ` : ""}${grouped(one.to - one.from)}</span></button>`)}</div>
    <${Input} id="filter" text=${filter} told="Find an iteration: a value or #number" list="iterations" count=${count}
      done=${!text || (filtered.value.of === key && filtered.value.done)} pick=${pick} />
    <${Rows} id="iterations" count=${count} label="Iterations" token=${key}
      current=${matches ? matches.indexOf(chosen.current) : chosen.current} onPick=${pick}
      render=${(row) => html`<span class="sequence">#${grouped(number(row) + 1)}</span>
        <span class="value">${iterationText(s, event(row)) || html`<span class="count">event ${grouped(s.sequence(event(row)))}</span>`}</span>`} />
    <p class="total">${matches ? `${grouped(count)} found` : `${grouped(count)} iterations`}</p>`;
}

/** Pick from the next loop outwards or inwards. */
export function nextLevel(by) {
  const all = levels(store.value, position.value);
  const around = all.filter((one) => one.current >= 0).length;
  const now = level.value < 0 ? Math.max(0, around - 1) : level.value;
  if (all.length) level.value = (now + by + all.length) % all.length;
}

function resultRow(s, one) {
  if (one.kind === "function") {
    const fn = s.functions[one.fn];
    return html`<span class="kind">function</span><b>${fn.qualname}</b><span class="line">:${fn.line}</span>`;
  }
  if (one.kind === "statement") {
    const place = s.places[one.place];
    return html`<span class="kind">statement</span><span class="line">:${place.line}</span> <code>${short(place.text, 90)}</code>
      <span class="count">${grouped(s.hits(one.place))} ×</span>`;
  }
  const { name, role } = s.variables[s.variable[one.write]];
  const value = s.value[one.write];
  const told = value ? short(s.textOf(value), 90) : "not bound";
  return html`<span class="sequence">${grouped(s.sequence(one.event))}</span><span class="line">:${s.placeAt(one.event).line}</span>
    ${role === 0 ? html`<b>${name}</b> = ` : role === 1 ? "→ " : "✗ "}<span class="value">${told}</span>`;
}

export function Search() {
  const s = store.value;
  const text = query.value;
  useEffect(() => {
    const result = { of: text, items: [], more: false, done: !text.trim() };
    found.value = result;
    if (result.done) return undefined;
    const tell = (done) => (found.value = { ...result, more: result.more, done });
    const wait = {};
    const timer = setTimeout(() => {
      wait.stop = sliced(search(s, text, result), () => tell(false), () => tell(true));
    }, 80);
    return () => {
      clearTimeout(timer);
      wait.stop?.();
    };
  }, [text]);
  const { items, more, done, of } = found.value;
  const pick = (row) => go(items[row].event, "This statement was not executed.");
  return html`<${Input} id="query" text=${query} told="Find text in functions, statements and values, or name=value"
      list="results" count=${of === text ? items.length : 0} done=${of === text && done} pick=${pick} />
    <${Rows} id="results" count=${items.length} render=${(row) => resultRow(s, items[row])} label="Results" token=${text}
      onPick=${pick} />
    <p class="total">${!text.trim() ? "" : `${grouped(items.length)}${more ? " first ones" : ""} found${done ? "" : " so far …"}`}</p>`;
}

export function Exceptions() {
  const s = store.value;
  const all = s.exceptions;
  const near = lowerBound(all, 0, all.length, (event) => event < position.value);
  const render = (row) => {
    const place = s.placeAt(all[row]);
    return html`<span class="sequence">${grouped(s.sequence(all[row]))}</span>
      <b>${s.functionAt(all[row]).name}</b>${place.line > 0 && html`<span class="line">:${place.line}</span>`}
      <span class="raised">${place.event === "leave" ? "left by" : "✗"} ${short(s.textOf(s.told(all[row], 2)), 120)}</span>`;
  };
  if (!all.length) return html`<p class="nothing">No exception is recorded.</p>`;
  return html`<${Rows} id="exceptions" count=${all.length} render=${render} current=${all[near] === position.value ? near : -1} label="Exceptions"
    onPick=${(row) => go(all[row])} /><p class="total">${grouped(all.length)} events</p>`;
}
