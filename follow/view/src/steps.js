// Where a step leads: each takes a position and gives another, or -1 where there is nothing in that direction.
import { lowerBound } from "./store.js";

const neighbour = (store, call, at, by) => {
  const rank = store.rank(call, at) + by;
  return rank < store.callEventStart[call] || rank >= store.callEventStart[call + 1] ? -1 : store.callEvents[rank];
};

/** The next event of a call after a position. */
const after = (store, call, at) => {
  const to = store.callEventStart[call + 1];
  const rank = lowerBound(store.callEvents, store.callEventStart[call], to, (e) => e <= at);
  return rank < to ? store.callEvents[rank] : -1;
};

/** The last event of a call before a position. */
const before = (store, call, at) => {
  const rank = store.rank(call, at) - 1;
  return rank < store.callEventStart[call] ? -1 : store.callEvents[rank];
};

export const forward = (store, at) => (at + 1 < store.count ? at + 1 : -1);
export const back = (store, at) => at - 1;

/** The caller's next event: the statement that entered this call; where it has none, the caller's caller's. */
export function out(store, at) {
  let call = store.call[at];
  for (;;) {
    const parent = store.parent(call);
    if (parent < 0) return -1;
    const found = after(store, parent, at);
    if (found >= 0) return found;
    call = parent;
  }
}

/** The caller's event before this call began, or went on. */
export function outBack(store, at) {
  let call = store.call[at];
  for (;;) {
    const parent = store.parent(call);
    if (parent < 0) return -1;
    const found = before(store, parent, at);
    if (found >= 0) return found;
    call = parent;
  }
}

/** The call's own next event; at its end as `out`. */
export function over(store, at) {
  const found = neighbour(store, store.call[at], at, 1);
  return found < 0 ? out(store, at) : found;
}

export function overBack(store, at) {
  const found = neighbour(store, store.call[at], at, -1);
  return found < 0 ? outBack(store, at) : found;
}

/** Into the first call that is entered before the call's own next event; where there is none, over. */
export function into(store, at) {
  return firstCallIn(store, store.call[at], at, neighbour(store, store.call[at], at, 1)) ?? over(store, at);
}

/** To the end of the last call that this statement entered; where there is none, back over. */
export function intoBack(store, at) {
  const call = store.call[at];
  const from = neighbour(store, call, at, -1);
  const [start, end] = [store.childStart[call + 1], store.childStart[call + 2]];
  const rank = lowerBound(store.children, start, end, (child) => store.callStart[child] < at) - 1;
  if (rank >= start && store.callStart[store.children[rank]] > from) return store.callEnd[store.children[rank]];
  return overBack(store, at);
}

function firstCallIn(store, call, from, to) {
  const [start, end] = [store.childStart[call + 1], store.childStart[call + 2]];
  const rank = lowerBound(store.children, start, end, (child) => store.callStart[child] <= from);
  if (rank >= end) return undefined;
  const entered = store.callStart[store.children[rank]];
  return to < 0 || entered < to ? entered : undefined;
}

/** The next or previous event of any statement of a line, in whichever call. */
export function ofLine(store, file, line, at, by) {
  let best = -1;
  for (const place of store.linePlaces[file]?.get(line) ?? []) {
    if (store.places[place].event === "call") continue;
    const [from, to] = [store.placeStart[place], store.placeStart[place + 1]];
    const rank = by > 0
      ? lowerBound(store.placeEvents, from, to, (e) => e <= at)
      : lowerBound(store.placeEvents, from, to, (e) => e < at) - 1;
    if (rank < from || rank >= to) continue;
    const event = store.placeEvents[rank];
    if (best < 0 || (by > 0 ? event < best : event > best)) best = event;
  }
  return best;
}

/** The next or previous event that changed a variable: in this call, beyond it in the function's other calls. */
export function change(store, variable, at, by) {
  if (variable < 0) return -1;
  const call = store.call[at];
  const [from, to] = [store.variableStart[variable], store.variableStart[variable + 1]];
  const passed = (w) => {
    const event = store.writeEvent[w];
    return store.call[event] < call || (store.call[event] === call && (by > 0 ? event <= at : event < at));
  };
  let rank = lowerBound(store.variableWrites, from, to, passed) - (by > 0 ? 0 : 1);
  for (; rank >= from && rank < to; rank += by) {
    const write = store.variableWrites[rank];
    if (store.value[write] !== store.before(variable, rank)) return store.writeEvent[write];
  }
  return -1;
}

export function exception(store, at, by) {
  const found = lowerBound(store.exceptions, 0, store.exceptions.length, (e) => (by > 0 ? e <= at : e < at));
  return store.exceptions[by > 0 ? found : found - 1] ?? -1;
}

/** The event at a time in ns. */
export const atTime = (store, time) =>
  Math.max(0, lowerBound(store.time, 0, store.count, (one) => one <= time) - 1);
