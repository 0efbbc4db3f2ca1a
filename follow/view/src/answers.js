// What was worked out when the file was written: why a value is what it is, and where two runs part.
import { grouped, html, short } from "./html.js";
import { Rows } from "./rows.js";
import { go, position, store, variable } from "./state.js";
import { selected } from "./variables.js";

const step = (s, one) => html`<span class="sequence">${one.sequence ? grouped(one.sequence) : ""}</span>
  <span class="line">${one.place ?? ""}</span><code>${short(one.text ?? "", 80)}</code>
  <span class="value">${short(one.value ?? "", 80)}</span><span class="kind">${one.certainty ?? ""}</span>`;

const visit = (s, one) => go(one.sequence ? s.ofSequence(one.sequence) : -1, "This step has no event in this recording.");

/** The answer for the selected variable at the position: the one of its last change. */
function answerFor(s, all, at) {
  const rank = s.rankOfWrite(selected(s, at), s.call[at], at);
  if (rank < 0) return undefined;
  const sequence = s.sequence(s.writeEvent[s.variableWrites[rank]]);
  return all.find((one) => one.sequence === sequence && one.name === variable.value);
}

export function Why() {
  const s = store.value;
  const all = s.answers.why;
  if (!all) {
    return html`<p class="nothing" id="why">Not computed: this file was written without answers of${" "}
      <code>follow why</code>.</p>`;
  }
  const answer = answerFor(s, all, position.value);
  if (!answer) {
    return html`<p class="nothing" id="why">Not computed for ${variable.value || "this event"} here. There are answers for:</p>
      <${Rows} id="why-all" count=${all.length} label="Answers" onPick=${(row) => {
        variable.value = all[row].name;
        visit(s, all[row]);
      }} render=${(row) => html`<span class="sequence">${grouped(all[row].sequence)}</span><b>${all[row].name}</b>`} />`;
  }
  return html`<p class="told">Why <b>${answer.name}</b> is what it is at ${grouped(answer.sequence)}:</p>
    <${Rows} id="why" count=${answer.steps.length} label="Why" render=${(row) => step(s, answer.steps[row])}
      current=${answer.steps.findIndex((one) => one.sequence === s.sequence(position.value))}
      onPick=${(row) => visit(s, answer.steps[row])} />`;
}

export function Diff() {
  const s = store.value;
  const answer = s.answers.diff;
  if (!answer) {
    return html`<p class="nothing" id="diff">Not computed: this file was written of one run alone, without an answer of${" "}
      <code>follow diff</code>.</p>`;
  }
  const steps = answer.steps ?? [];
  return html`<p class="told">${answer.summary} <span class="count">compared with ${answer.other}</span></p>
    <${Rows} id="diff" count=${steps.length} height=${44} label="Differences" onPick=${(row) => visit(s, steps[row])}
      render=${(row) => html`<div class="pair"><div><i>here</i> ${step(s, steps[row])}</div>
        <div><i>there</i> <span class="value">${short(steps[row].other ?? "nothing of the kind", 120)}</span></div></div>`} />`;
}
