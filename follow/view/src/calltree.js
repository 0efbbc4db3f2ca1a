// The call tree: the calls around the position stand open, others when they are opened.
import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { duration, grouped, html, short } from "./html.js";
import { Rows } from "./rows.js";
import { go, position, store } from "./state.js";
import { lowerBound } from "./store.js";

const opened = signal(new Map()); // by call: whether it was opened (true) or closed (false) by hand
const ROOT = -1;
const DEEPEST = 10; // levels that are indented; beyond it the depth is written there

/** Which calls stand open, and how many rows each of them has below it. */
export class Tree {
  constructor(s, call, chosen) {
    this.s = s;
    const open = new Set(s.path(call).slice(0, -1));
    for (const [one, wanted] of chosen) wanted ? open.add(one) : open.delete(one);
    this.open = [...open].sort((one, other) => one - other);
    this.sizes = new Map([[ROOT, s.childCount(ROOT)]]);
    this.openIn = new Map();
    for (const one of this.open) {
      this.sizes.set(one, s.childCount(one));
      const parent = s.parent(one);
      if (!this.openIn.has(parent)) this.openIn.set(parent, []);
      this.openIn.get(parent).push(one);
    }
    for (const one of this.open.toReversed()) { // what is called has a higher number than its caller
      const parent = s.parent(one);
      if (this.sizes.has(parent)) this.sizes.set(parent, this.sizes.get(parent) + this.sizes.get(one));
    }
  }

  get count() { return this.sizes.get(ROOT); }
  isOpen(call) { return this.sizes.has(call); }

  /** The number of a call among those of the same caller. */
  offset(call) {
    const parent = this.s.parent(call);
    const [from, to] = [this.s.childStart[parent + 1], this.s.childStart[parent + 2]];
    return lowerBound(this.s.children, from, to, (one) => one < call) - from;
  }

  /** The call of a row, and how deep it stands. */
  row(wanted) {
    let [node, left, depth] = [ROOT, wanted, 0];
    descend: for (;;) {
      let passed = 0; // rows before
      let siblings = 0; // calls before
      for (const one of this.openIn.get(node) ?? []) {
        const at = passed + this.offset(one) - siblings;
        if (left <= at) break;
        const inside = this.sizes.get(one);
        if (left <= at + inside) {
          [node, left, depth] = [one, left - at - 1, depth + 1];
          continue descend;
        }
        passed = at + 1 + inside;
        siblings = this.offset(one) + 1;
      }
      return { call: this.s.children[this.s.childStart[node + 1] + siblings + left - passed], depth };
    }
  }

  /** The row of a call whose callers stand open, or -1. */
  rowOf(call) {
    let row = -1;
    for (let one = call; one >= 0; one = this.s.parent(one)) {
      const parent = this.s.parent(one);
      if (!this.sizes.has(parent)) return -1;
      row += 1 + this.offset(one);
      for (const other of this.openIn.get(parent) ?? []) {
        if (other >= one) break;
        row += this.sizes.get(other);
      }
    }
    return row;
  }
}

export function callText(s, call, most = 60) {
  const start = s.callStart[call];
  const begun = s.placeAt(start).event === "call";
  const given = begun ? s.writesAt(start).filter((one) => one.role === 0 && one.value) : [];
  return given.map((one) => `${one.name}=${short(s.textOf(one.value), most)}`).join(", ");
}

export function CallTree() {
  const s = store.value;
  const call = s.call[position.value];
  const tree = useMemo(() => new Tree(s, call, opened.value), [s, call, opened.value]);
  const toggle = (one, wanted) => {
    if (s.childCount(one)) opened.value = new Map(opened.value).set(one, wanted);
  };
  const render = (row) => {
    const { call: one, depth } = tree.row(row);
    const fn = s.functions[s.callFunction[one]];
    const [start, end] = [s.callStart[one], s.callEnd[one]];
    const children = s.childCount(one);
    const [given, raised] = [s.told(end, 1), s.told(end, 2)];
    const click = (event) => {
      event.stopPropagation();
      toggle(one, !tree.isOpen(one));
    };
    return html`<span class="depth" style=${`width:${Math.min(depth, DEEPEST) * 12}px`}>${
        depth > DEEPEST ? grouped(depth) : ""}</span>
      <span class="twist" onClick=${click}>${children ? (tree.isOpen(one) ? "▾" : "▸") : ""}</span>
      <b>${fn.name}</b><span class="arguments">(${callText(s, one)})</span>
      ${given > 0 && html`<span class="given">→ ${short(s.textOf(given), 60)}</span>`}
      ${raised > 0 && html`<span class="raised">✗ ${short(s.textOf(raised), 60)}</span>`}
      ${s.placeAt(start).event !== "call" && fn.name !== "?" && html`<span class="unrecorded">begin not recorded</span>`}
      <span class="count">${children ? `${grouped(children)} ${children > 1 ? "calls" : "call"} · ` : ""}${duration(s.time[end] - s.time[start])}</span>`;
  };
  const onKey = (event, row) => {
    if (row < 0 || !["ArrowRight", "ArrowLeft", " "].includes(event.key)) return false;
    const one = tree.row(row).call;
    toggle(one, event.key === " " ? !tree.isOpen(one) : event.key === "ArrowRight");
    return true;
  };
  return html`<${Rows} id="calls" count=${tree.count} render=${render} current=${tree.rowOf(call)} label="Calls"
    onPick=${(row) => go(s.callStart[tree.row(row).call])} onKey=${onKey} />`;
}
