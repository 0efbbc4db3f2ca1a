// The variables of the current call, and one of them in full: old and new, and all its values in this call.
import { difference, grouped, html, short } from "./html.js";
import { Rows } from "./rows.js";
import { go, position, store, variable } from "./state.js";

/** The variables of the current call, those with a value first. */
export function variablesAt(s, at) {
  const call = s.call[at];
  const fn = s.callFunction[call];
  const found = s.functionVariables[fn].map((one) => ({ ...one, ...s.valueAt(one, call, at) }));
  const order = (one) => (one.value === null ? 2 : one.value === 0 ? 1 : 0);
  return found.sort((one, other) => order(one) - order(other));
}

/** The number of the selected variable among the function's, or -1. */
export function selected(s, at) {
  const fn = s.callFunction[s.call[at]];
  return s.variableNumbers.get(`${fn} 0 ${variable.value}`) ?? -1;
}

/** Select the variable before or after the selected one. */
export function selectNext(by) {
  const all = variablesAt(store.value, position.value);
  if (!all.length) return;
  const at = all.findIndex((one) => one.name === variable.value);
  variable.value = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length].name;
}

const textOf = (s, value) => (value === null ? "not recorded" : value === 0 ? "not bound" : s.textOf(value));
const stateOf = (value) => (value === null ? "unrecorded" : value === 0 ? "unbound" : "bound");

export function Variables() {
  const s = store.value;
  const at = position.value;
  const all = variablesAt(s, at);
  const render = (row) => {
    const one = all[row];
    const now = one.event === at;
    return html`<span class="name">${one.name}</span>
      <span class="type">${one.value ? s.typeOf(one.value) : ""}</span>
      ${now && one.before !== one.value && html`<span class="old">${short(textOf(s, one.before), 60)} →</span>`}
      <span class=${`value ${stateOf(one.value)}`}>${short(textOf(s, one.value), 300)}</span>`;
  };
  const place = s.placeAt(at);
  const [given, raised] = [s.told(at, 1), s.told(at, 2)];
  return html`<section class="variables" aria-label="Variables"><header>Variables of <b>${s.functionAt(at).qualname}</b>
      <span class="count">${all.filter((one) => one.value).length} bound</span></header>
    ${given > 0 && html`<p class="told given">→ ${place.kind === "yield" ? "yields" : "returns"} ${short(s.textOf(given), 200)}</p>`}
    ${raised > 0 && html`<p class="told raised">✗ ${place.event === "leave" ? "left by" : "raises"} ${short(s.textOf(raised), 200)}</p>`}
    ${all.length === 0 && html`<p class="nothing">This function has no variables.</p>`}
    <${Rows} id="variables" count=${all.length} render=${render} label="Variables"
      current=${all.findIndex((one) => one.name === variable.value)} onPick=${(row) => (variable.value = all[row].name)}
      rowClass=${(row) => (all[row].event === at ? "changed" : "")} token=${s.callFunction[s.call[at]]} /></section>`;
}

function Difference({ s, before, value }) {
  if (!value) return html`<span class=${stateOf(value)}>${textOf(s, value)}</span>`;
  const text = s.textOf(value);
  if (!before) return html`${text}`;
  const { start, end } = difference(s.textOf(before), text);
  return html`${text.slice(0, start)}<mark>${text.slice(start, text.length - end)}</mark>${text.slice(text.length - end)}`;
}

export function Inspector() {
  const s = store.value;
  const at = position.value;
  const call = s.call[at];
  const number = selected(s, at);
  const known = s.functionVariables[s.callFunction[call]].find((one) => one.name === variable.value);
  if (!known) {
    return html`<section class="inspector" aria-label="Value"><header>Value</header>
      <p class="nothing">${variable.value ? `${s.functionAt(at).name} has no variable ${variable.value}. ` : ""}Select a
        variable with [ and ] to see its value in full.</p></section>`;
  }
  const { value, rank, event, before } = s.valueAt(known, call, at);
  const [from, to] = number < 0 ? [0, 0] : writesIn(s, number, call, rank);
  const render = (row) => {
    const write = s.variableWrites[from + row];
    const place = s.placeAt(s.writeEvent[write]);
    const told = s.value[write] || (known.recorded ? 0 : null);
    return html`<span class="sequence">${grouped(s.sequence(s.writeEvent[write]))}</span><span class="line">:${place.line}</span>
      <span class=${`value ${stateOf(told)}`}>${short(textOf(s, told), 200)}</span>`;
  };
  return html`<section class="inspector" aria-label="Value"><header><b>${known.name}</b>
      <span class="type">${value ? s.typeOf(value) : ""}</span>
      <span class="count">${event >= 0 ? html`set by event ${grouped(s.sequence(event))}, line ${s.placeAt(event).line}` : ""}</span></header>
    <div class="values-full" id="inspected">
      ${event >= 0 && before !== value && html`<div class="before"><i>old</i> <span><${Difference}
        s=${s} before=${value} value=${before} /></span></div>`}
      <div class="after"><i>${event >= 0 && before !== value ? "new" : "now"}</i> <span><${Difference} s=${s}
        before=${before} value=${value} /></span></div></div>
    <${Rows} id="history" count=${to - from} render=${render} current=${rank - from} label="Values in this call"
      token=${`${call} ${number}`} onPick=${(row) => go(s.writeEvent[s.variableWrites[from + row]])} /></section>`;
}

/** The writes of a variable in a call, as indexes into `variableWrites`. */
function writesIn(s, number, call, rank) {
  const last = s.rankOfWrite(number, call, s.count);
  if (last < 0) return [0, 0];
  s.firstWrites ??= new Map();
  const key = `${number} ${call}`;
  if (!s.firstWrites.has(key)) {
    let [low, high] = [s.variableStart[number], last];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (s.call[s.writeEvent[s.variableWrites[middle]]] < call) low = middle + 1;
      else high = middle;
    }
    s.firstWrites.set(key, low);
  }
  return [s.firstWrites.get(key), last + 1];
}
