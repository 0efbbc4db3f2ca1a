// The source of the current function's file: hits, the position, and what each line's last execution in this call gave.
import { signal } from "@preact/signals";
import { grouped, html, short } from "./html.js";
import { Rows } from "./rows.js";
import { go, position, store } from "./state.js";
import { ofLine } from "./steps.js";
import { inflateJson } from "./unpack.js";

const LONGEST = 80; // characters of a value beside a line
const lines = signal(new Map()); // by file: its lines as HTML; null while they are unpacked, [] where there are none

function linesOf(file) {
  if (!lines.value.has(file)) {
    const element = document.querySelector(`script[data-column="source${file}"]`);
    lines.value.set(file, element ? null : []);
    if (element) inflateJson(element.textContent).then((found) => (lines.value = new Map(lines.value).set(file, found)));
  }
  return lines.value.get(file);
}

/** What stands for a file whose text is not in the recording: its statements, one a line. */
function statementsOf(s, file) {
  const found = [];
  for (const [line, places] of s.linePlaces[file]) {
    found[line - 1] = places.map((place) => s.places[place].text).find(Boolean);
  }
  return Array.from(found, (text) => text ?? "");
}

/** The last event of each role of a line in the call up to the position. */
function lastAt(s, file, line, call, at) {
  let best = -1;
  for (const place of s.linePlaces[file]?.get(line) ?? []) {
    best = Math.max(best, s.lastOf(place, call, at));
  }
  return best;
}

function inline(s, event, at) {
  if (event < 0) return null;
  const writes = s.writesAt(event);
  const mark = event === at ? "values now" : "values";
  return html`<span class=${mark}>${writes.map((one) => {
    const text = one.value ? short(s.textOf(one.value), LONGEST) : "not bound";
    if (one.role === 2) return html`<span class="raised">✗ ${text}</span>`;
    if (one.role === 1) return html`<span class="given">→ ${text}</span>`;
    return html`<span class=${one.value ? "" : "unbound"}><b>${one.name}</b> ${one.value ? "=" : "is"} ${text}</span>`;
  })}</span>`;
}

export function SourcePane() {
  const s = store.value;
  const at = position.value;
  const place = s.placeAt(at);
  const call = s.call[at];
  const file = s.fileAt(at);
  const told = linesOf(file);
  const text = told?.length === 0 ? statementsOf(s, file) : told;
  const from = place.line;
  const to = Math.max(place.endLine, from);
  const most = mostHits(s, file);
  const render = (row) => {
    const line = row + 1;
    const hits = s.lineHits(file, line);
    const here = line >= from && line <= to;
    const heat = hits > 0 ? Math.log2(1 + hits) / Math.log2(2 + most) : 0;
    const title = hits < 0 ? "not recorded: no statement of a recorded function begins here"
      : hits === 0 ? "not executed" : `executed ${grouped(hits)} times`;
    const code = told?.length
      ? html`<span class="code" dangerouslySetInnerHTML=${{ __html: told[row] || " " }}></span>`
      : html`<span class="code">${text[row]}</span>`;
    return html`<span class="heat" style=${`opacity:${heat}`}></span>
      <span class=${`hits ${hits < 0 ? "unrecorded" : hits ? "" : "never"}`} title=${title}>${
        hits < 0 ? "·" : grouped(hits)}</span>
      <span class="number">${line}</span><span class="mark">${here && line === from ? "▶" : ""}</span>
      ${code}${inline(s, lastAt(s, file, line, call, at), at)}`;
  };
  const pick = (row) => {
    const next = ofLine(s, file, row + 1, at - 1, 1);
    const found = next >= 0 ? next : ofLine(s, file, row + 1, at, -1);
    go(found, s.lineHits(file, row + 1) < 0 ? "Nothing of this line is recorded." : "This line was not executed.");
  };
  return html`<section class="source" aria-label="Source">
    <header><span class="file" title=${s.tables.files[file]}>${s.tables.files[file] || "source not recorded"}</span>
      ${told?.length === 0 && html`<em>the text of this file is not recorded; these are its statements</em>`}</header>
    ${text && html`<${Rows} id="source" count=${Math.max(text.length, to)} height=${20} render=${render}
      current=${from - 1} token=${file} onPick=${pick} label="Source"
      rowClass=${(row) => (row + 1 >= from && row + 1 <= to ? (place.event === "raise" ? "here raising" : "here") : "")} />`}
  </section>`;
}

function mostHits(s, file) {
  s.mostHits ??= new Map();
  if (!s.mostHits.has(file)) {
    let most = 1;
    for (const line of s.linePlaces[file].keys()) most = Math.max(most, s.lineHits(file, line));
    s.mostHits.set(file, most);
  }
  return s.mostHits.get(file);
}
