// The page.
import { useEffect, useRef } from "preact/hooks";
import { Diff, Why } from "./answers.js";
import { CallTree, callText } from "./calltree.js";
import { duration, grouped, html, short } from "./html.js";
import { KEYS, open } from "./keys.js";
import { Exceptions, Iterations, Search } from "./panels.js";
import { Slider } from "./slider.js";
import { SourcePane } from "./sourcepane.js";
import * as state from "./state.js";
import { go, position, problem, store, tab } from "./state.js";
import { Inspector, Variables } from "./variables.js";

const TABS = [
  ["loops", "Iterations", "p", Iterations],
  ["calls", "Calls", "t", CallTree],
  ["search", "Search", "/", Search],
  ["exceptions", "Exceptions", "x", Exceptions],
  ["why", "Why", "w", Why],
  ["diff", "Diff", "d", Diff],
];

const BUTTONS = [["⇤", "Home"], ["↖", "O"], ["↑", "ArrowUp"], ["↙", "I"], ["←", "ArrowLeft"], ["→", "ArrowRight"],
  ["↘", "i"], ["↓", "ArrowDown"], ["↗", "o"], ["⇥", "End"]];

const of = (key) => KEYS.find(([keys]) => keys.includes(key));

function Bar() {
  const s = store.value;
  const at = position.value;
  const path = s.path(s.call[at]);
  const shown = path.length > 6 ? [...path.slice(0, 2), -1, ...path.slice(-3)] : path;
  return html`<header class="bar"><b class="title" title=${s.meta.arguments.join(" ")}>${s.meta.name}</b>
    <span class="buttons">${BUTTONS.map(([sign, key]) => {
      const [, told, action] = of(key);
      return html`<button title=${`${told} (${key})`} aria-label=${told} onClick=${() => action(key)}>${sign}</button>`;
    })}</span>
    <span id="position"><b>${grouped(s.sequence(at))}</b> of ${grouped(s.sequence(s.count - 1))} · ${duration(s.time[at])}</span>
    ${s.meta.threads.length > 1 && html`<span class="thread">thread ${s.callThread[s.call[at]] + 1} of ${s.meta.threads.length}</span>`}
    <nav class="path" aria-label="Callers">${shown.map((call) => (call < 0
      ? html`<span>… ${grouped(path.length - 5)} calls …</span>`
      : html`<button onClick=${() => go(call === s.call[at] ? s.callStart[call] : lastIn(s, call, at))}
          title=${callText(s, call)}>${s.functions[s.callFunction[call]].name}</button>`))}</nav>
    <button class="theme" title="light, dark, or as the system has it (l)" onClick=${state.nextTheme}>${
      { "": "◐", light: "☀", dark: "☾" }[state.theme.value]}</button>
    <button class="help" title="keys (?)" onClick=${() => (state.help.value = true)}>?</button></header>`;
}

/** The last event of a call before a position. */
function lastIn(s, call, at) {
  const rank = s.rank(call, at) - 1;
  return rank < s.callEventStart[call] ? s.callStart[call] : s.callEvents[rank];
}

function Warnings() {
  const { dropped, ended, problem: broken } = store.value.meta;
  const told = [];
  if (broken) told.push(broken);
  if (dropped) told.push(`${grouped(dropped)} events are not recorded.`);
  if (!ended) told.push("The recording was cut off: it has no end.");
  return told.length > 0 && html`<p class="warning" role="status">${told.join(" ")}</p>`;
}

function Help() {
  const box = useRef(null);
  useEffect(() => box.current?.focus(), [state.help.value]);
  return state.help.value && html`<div class="veil" onClick=${() => (state.help.value = false)}>
    <div class="help-box" id="help" role="dialog" aria-label="Keys" tabindex="-1" ref=${box}><h2>Keys</h2><dl>${KEYS.map(([keys, told]) =>
      html`<div><dt>${keys.map((key) => html`<kbd>${key.replace("Arrow", "")}</kbd>`)}</dt><dd>${told}</dd></div>`)}</dl>
    <p>In a list: the arrows, Page, Home and End move, Enter goes there; in the call tree left and right close and open.</p></div></div>`;
}

function Goto() {
  const box = useRef(null);
  useEffect(() => box.current?.focus(), [state.goto.value]);
  const submit = (event) => {
    event.preventDefault();
    const wanted = Number(box.current.value.replace(/^E|[,\s]/g, ""));
    state.goto.value = false;
    go(wanted >= 1 ? store.value.ofSequence(wanted) : -1, "That is no number of an event.");
  };
  return state.goto.value && html`<form class="goto" onSubmit=${submit}><label>Event <input id="goto" ref=${box}
    inputmode="numeric" placeholder=${`1 to ${store.value.sequence(store.value.count - 1)}`} /></label></form>`;
}

function signature(s, at) {
  const call = s.call[at];
  return `${s.functionAt(at).qualname}(${callText(s, call)})`;
}

export function App() {
  if (problem.value) return html`<p class="nothing problem">${problem.value}</p>`;
  if (!store.value) return html`<p class="nothing">Unpacking the recording …</p>`;
  if (!store.value.count) return html`<p class="nothing">This recording holds no events.</p>`;
  const [, , , Panel] = TABS.find(([name]) => name === tab.value);
  const place = store.value.placeAt(position.value);
  return html`<${Bar} /><${Warnings} /><${Slider} /><main><${SourcePane} />
    <div class="side"><${Variables} /><${Inspector} />
      <section class="panel" aria-label="Panel"><nav role="tablist">${TABS.map(([name, title, key]) =>
        html`<button role="tab" aria-selected=${name === tab.value} title=${`${title} (${key})`}
          onClick=${() => open(name)}>${title}</button>`)}</nav>
        <div class="body" key=${tab.value}><${Panel} /></div></section></div></main>
    <footer><code>${short(place.text || signature(store.value, position.value), 120)}</code><span class="kind">${
      place.event === "statement" ? place.kind : place.event}</span>
      <span class="notice" role="status">${state.notice.value}</span>
      <span class="hint"><kbd>?</kbd> keys</span></footer><${Help} /><${Goto} />`;
}
