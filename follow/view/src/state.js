// What is looked at: the position, the selected variable, the open panel; and the hash that tells of them.
import { batch, signal } from "@preact/signals";

export const store = signal(null);
export const problem = signal("");
export const position = signal(0);
export const variable = signal("");
export const tab = signal("calls");
export const axis = signal("time");
export const theme = signal("");
export const help = signal(false);
export const goto = signal(false);
export const notice = signal("");

const TABS = ["loops", "calls", "search", "exceptions", "why", "diff"];

/** Go to an event; -1 says that there is nothing in that direction. */
export function go(to, nothing = "There is nothing further in that direction.") {
  batch(() => {
    if (to < 0) {
      notice.value = nothing;
      return;
    }
    notice.value = "";
    position.value = Math.max(0, Math.min(store.value.count - 1, to));
  });
}

export function hash() {
  const parts = [`e=${store.value.sequence(position.value)}`];
  if (variable.value) parts.push(`v=${encodeURIComponent(variable.value)}`);
  parts.push(`t=${tab.value}`);
  return `#${parts.join("&")}`;
}

/** Take over what the hash says; what it does not say stays. */
export function readHash() {
  if (!store.value?.count) return;
  const told = new URLSearchParams(location.hash.slice(1));
  batch(() => {
    const sequence = Number(told.get("e"));
    if (sequence >= 1) position.value = store.value.ofSequence(sequence);
    if (told.has("v")) variable.value = told.get("v");
    if (TABS.includes(told.get("t"))) tab.value = told.get("t");
  });
}

let waiting = 0;

/** Browsers allow only so many changes of the hash: the last of a series is enough. */
export function writeHash() {
  clearTimeout(waiting);
  const next = hash();
  waiting = setTimeout(() => {
    if (location.hash !== next) history.replaceState(null, "", next);
  }, 120);
}

export const THEMES = ["", "light", "dark"];
export function nextTheme() {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length];
}
