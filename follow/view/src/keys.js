// Every key, what it is called, and what it does.
import { nextLevel } from "./panels.js";
import * as state from "./state.js";
import { go, position, store, tab, variable } from "./state.js";
import * as steps from "./steps.js";
import { selected, selectNext } from "./variables.js";

const step = (find, nothing) => () => go(find(store.value, position.value), nothing);

function line(by) {
  const [s, at] = [store.value, position.value];
  go(steps.ofLine(s, s.fileAt(at), s.placeAt(at).line, at, by), `There is no ${by > 0 ? "later" : "earlier"} run of this line.`);
}

function change(by) {
  if (!variable.value) {
    const [s, at] = [store.value, position.value];
    variable.value = s.writesAt(at).find((one) => one.role === 0)?.name ?? "";
    if (!variable.value) {
      state.notice.value = "Select a variable first, with [ and ].";
      return;
    }
  }
  const [s, at] = [store.value, position.value];
  go(steps.change(s, selected(s, at), at, by), `There is no ${by > 0 ? "later" : "earlier"} change of ${variable.value}.`);
}

const INPUTS = { loops: "#filter", search: "#query" };

/** Open a panel, and go to its input or its list. */
export function open(name) {
  tab.value = name;
  requestAnimationFrame(() => document.querySelector(INPUTS[name] ?? ".panel .rows")?.focus());
}

const far = (by) => () => {
  const s = store.value;
  go(Math.max(0, Math.min(s.count - 1, position.value + by * Math.max(10, Math.floor(s.count / 100)))));
};

const exception = (by) => step((s, at) => steps.exception(s, at, by), `There is no ${by > 0 ? "later" : "earlier"} exception.`);

/** [keys, what the help says, what they do] */
export const KEYS = [
  [["ArrowRight"], "forward: the next event", step(steps.forward)],
  [["ArrowLeft"], "back: the event before", step(steps.back)],
  [["ArrowDown"], "over: the next event of this call", step(steps.over)],
  [["ArrowUp"], "back over: the event before of this call", step(steps.overBack)],
  [["i"], "into the call that comes next", step(steps.into)],
  [["I"], "back into the last call of this statement", step(steps.intoBack)],
  [["o"], "out: on to the caller", step(steps.out, "The caller is not recorded.")],
  [["O"], "back out: to the caller, before this call", step(steps.outBack, "The caller is not recorded.")],
  [["n"], "next run of this line", () => line(1)],
  [["N"], "previous run of this line", () => line(-1)],
  [["v"], "next change of the selected variable", () => change(1)],
  [["V"], "previous change of the selected variable", () => change(-1)],
  [["]"], "select the next variable", () => selectNext(1)],
  [["["], "select the variable before", () => selectNext(-1)],
  [["e"], "next exception", exception(1)],
  [["E"], "previous exception", exception(-1)],
  [["Home"], "the first event", step(() => 0)],
  [["End"], "the last event", step((s) => s.count - 1)],
  [["PageDown"], "a hundredth further", far(1)],
  [["PageUp"], "a hundredth back", far(-1)],
  [["g"], "go to an event by its number", () => (state.goto.value = true)],
  [["p"], "pick an iteration", () => open("loops")],
  [["{", "}"], "pick from the loop outside, inside", (key) => nextLevel(key === "}" ? 1 : -1)],
  [["t"], "call tree", () => open("calls")],
  [["/"], "search", () => open("search")],
  [["x"], "list of exceptions", () => open("exceptions")],
  [["w"], "why", () => open("why")],
  [["d"], "difference from another run", () => open("diff")],
  [["s"], "source", () => document.getElementById("source")?.focus()],
  [["m"], "slider across time or across events", () => (state.axis.value = state.axis.value === "time" ? "events" : "time")],
  [["l"], "light, dark, or as the system has it", () => state.nextTheme()],
  [["?"], "this help", () => (state.help.value = !state.help.value)],
  [["Escape"], "leave a list or an input, close what is open", () => {
    state.help.value = state.goto.value = false;
    state.notice.value = "";
    document.activeElement?.blur();
  }],
];

const actions = new Map(KEYS.flatMap(([keys, , action]) => keys.map((key) => [key, action])));

export function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !store.value?.count) return;
  const typing = event.target.tagName === "INPUT";
  if (typing && event.key !== "Escape") return;
  const action = actions.get(event.key);
  if (!action) return;
  event.preventDefault();
  action(event.key);
}
