// The loops around a position, and the iterations of each.
import { lowerBound } from "./store.js";

/** The loop places around a place, from the outermost. */
function chain(store, place) {
  const found = [];
  const outer = store.tables.loops;
  for (let loop = store.places[place].loop; loop >= 0; loop = outer[loop] ?? -1) found.push(loop);
  return found.reverse();
}

/**
 * The loops around a position and those that begin just inside of the innermost of them.
 * Each level: the loop's place, the range of its iterations in `placeCallEvents`, and which of them is the current
 * one (-1 where the position is in none of them).
 */
export function levels(store, at) {
  const call = store.call[at];
  const here = store.place[at];
  const around = store.places[here].event === "call" ? [] : chain(store, here);
  const found = [];
  let [start, end] = [store.callStart[call], store.callEnd[call] + 1];
  for (const loop of around) {
    const [from, to] = within(store, loop, call, start, end);
    const current = lowerBound(store.placeCallEvents, from, to, (e) => e <= at) - 1;
    found.push({ loop, from, to, current: current < from ? -1 : current - from });
    if (current < from) return found;
    start = store.placeCallEvents[current];
    end = current + 1 < to ? store.placeCallEvents[current + 1] : end;
  }
  const innermost = around.at(-1) ?? -1;
  for (const [loop, outer] of store.functionLoops[store.places[here].fn]) {
    if (outer !== innermost) continue;
    const [from, to] = within(store, loop, call, start, end);
    if (to > from) found.push({ loop, from, to, current: -1 });
  }
  return found;
}

function within(store, loop, call, start, end) {
  const [from, to] = store.inCall(loop, call);
  const first = lowerBound(store.placeCallEvents, from, to, (e) => e < start);
  return [first, lowerBound(store.placeCallEvents, first, to, (e) => e < end)];
}

const MOST_NAMES = 4;

/** What an iteration is told by: the values that its header has bound, or those of the names in its condition. */
export function iterationText(store, event) {
  const bound = store.writesAt(event).filter((one) => one.role === 0 && one.value);
  const told = bound.length ? bound : conditionAt(store, event);
  return told.map((one) => `${one.name} = ${store.textOf(one.value)}`).join(", ");
}

function conditionAt(store, event) {
  const call = store.call[event];
  const names = new Set(store.placeAt(event).text.match(/[\p{L}_][\p{L}\p{N}_]*/gu));
  const known = store.functionVariables[store.callFunction[call]].filter((one) => names.has(one.name));
  const found = known.slice(0, MOST_NAMES).map((one) => ({ name: one.name, ...store.valueAt(one, call, event) }));
  return found.filter((one) => one.value);
}
