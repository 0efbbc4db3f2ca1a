// Markup as tagged templates.
import htm from "htm";
import { h } from "preact";

export const html = htm.bind(h);

const number = new Intl.NumberFormat("en");
export const grouped = (value) => number.format(value);

/** A time in ns, written short. */
export function duration(ns) {
  if (ns < 1e3) return `${ns} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toFixed(1)} µs`;
  if (ns < 1e9) return `${(ns / 1e6).toFixed(2)} ms`;
  return `${(ns / 1e9).toFixed(3)} s`;
}

/** A text of at most so many characters. */
export const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** What two texts share at their start and at their end. */
export function difference(before, after) {
  let start = 0;
  const least = Math.min(before.length, after.length);
  while (start < least && before[start] === after[start]) start++;
  let end = 0;
  while (end < least - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  return { start, end };
}
