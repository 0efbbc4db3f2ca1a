// What was worked out when the file was written: why a value is what it is, and where two runs part.
import { grouped, html, short } from "./html.js";
import { Rows } from "./rows.js";
import { go, position, store, variable } from "./state.js";
import { selected } from "./variables.js";

const step = (s, one) => html`<span class="sequence">${one.sequence ? grouped(one.sequence) : ""}</span>
  <span class="line">${one.place ?? ""}</span><code>${short(one.text ?? "", 80)}</code>
  <span class="value">${short(one.value ?? "", 80)}</span><span class="kind">${one.certainty ?? ""}</span>`;

const visit = (s, one) => go(one.sequence ? s.ofSequence(one.sequence) : -1, "This step has no event in this recording.");

/** The event that set the selected variable, or where none is selected the one at the position. */
function asked(s, at) {
  const rank = s.rankOfWrite(selected(s, at), s.call[at], at);
  if (rank < 0) return { name: "", sequence: s.sequence(at) };
  return { name: variable.value, sequence: s.sequence(s.writeEvent[s.variableWrites[rank]]) };
}

export function Why() {
  const s = store.value;
  const all = s.answers.why ?? [];
  const wanted = asked(s, position.value);
  const here = s.sequence(position.value);
  const answer = all.find((one) => one.sequence === wanted.sequence && one.name === wanted.name)
    ?? all.find((one) => one.sequence === here && one.name === "");
  const question = `${wanted.name}@${wanted.sequence}`;
  if (!answer) {
    return html`<p class="nothing">Not computed for ${wanted.name || "this event"} here. To have it:</p>
      <pre class="told">follow view ${s.meta.name} --why ${question}</pre>
      ${all.length > 0 && html`<p class="nothing">There are answers for:</p>
      <${Rows} id="why-all" count=${all.length} label="Answers" onPick=${(row) => {
        if (all[row].name) variable.value = all[row].name;
        visit(s, all[row]);
      }} render=${(row) => html`<span class="sequence">${grouped(all[row].sequence)}</span><b>${
        all[row].name || s.placeAt(s.ofSequence(all[row].sequence)).text}</b>`} />`}`;
  }
  return html`<p class="told">Why ${answer.name ? html`<b>${answer.name}</b> is what it is` : "it is so"} at ${
      grouped(answer.sequence)}:</p>
    <${Rows} id="why" count=${answer.steps.length} label="Why" render=${(row) => step(s, answer.steps[row])}
      current=${answer.steps.findIndex((one) => one.sequence === here)}
      onPick=${(row) => visit(s, answer.steps[row])} />`;
}

export function Diff() {
  const s = store.value;
  const answer = s.answers.diff;
  if (!answer) {
    return html`<p class="nothing">Not computed: this file was written of one run alone. To compare it with another:</p>
      <pre class="told">follow view ${s.meta.name} --diff OTHER</pre>`;
  }
  const steps = answer.steps ?? [];
  return html`<p class="told summary">${answer.summary} <span class="count">compared with ${answer.other}</span></p>
    <${Rows} id="diff" count=${steps.length} height=${44} label="Differences" onPick=${(row) => visit(s, steps[row])}
      render=${(row) => html`<div class="pair"><div><i>here</i> ${step(s, steps[row])}</div>
        <div><i>there</i> <span class="value">${short(steps[row].other ?? "nothing of the kind", 120)}</span></div></div>`} />`;
}
