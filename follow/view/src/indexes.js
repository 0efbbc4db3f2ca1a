// What is worked out once from the columns, so that no question has to walk through them.

/** Where each length starts: one item more than there are lengths. */
export function starts(lengths) {
  const out = new Uint32Array(lengths.length + 1);
  for (let i = 0; i < lengths.length; i++) out[i + 1] = out[i] + lengths[i];
  return out;
}

/** Times in ns since the first event; `jumps` are those steps for which the column has no room. */
export function times(steps, jumps) {
  const far = new Map(jumps);
  const out = new Float64Array(steps.length);
  let now = 0;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];
    now += step & 1 ? -((step + 1) / 2) : step / 2;
    if (far.size && far.has(i)) now += far.get(i);
    out[i] = now;
  }
  return out;
}

/** The numbers of values: 0 in the column is a new one, anything else how far back it came first. */
export function values(codes) {
  let seen = 0;
  for (let i = 0; i < codes.length; i++) codes[i] = codes[i] === 0 ? ++seen : seen + 1 - codes[i];
  return codes;
}

/**
 * Items in the order of a key, those of one key in the order in which they come.
 * @returns {{start: Uint32Array, items: Uint32Array}} where the items of each key start, and they.
 */
export function grouped(keys, count, order) {
  const start = new Uint32Array(count + 1);
  for (let i = 0; i < keys.length; i++) start[keys[i] + 1]++;
  for (let key = 0; key < count; key++) start[key + 1] += start[key];
  const next = start.slice(0, count);
  const items = new Uint32Array(keys.length);
  for (let i = 0; i < keys.length; i++) {
    const item = order ? order[i] : i;
    items[next[keys[item]]++] = item;
  }
  return { start, items };
}

/** Of each write its event. */
export function eventsOf(start, writes) {
  const out = new Uint32Array(writes);
  for (let i = 0; i + 1 < start.length; i++) {
    for (let write = start[i]; write < start[i + 1]; write++) out[write] = i;
  }
  return out;
}

/** The writes in the order of their calls, those of one call in the order in which they happened. */
export function writesByCall(byCall, start, writes) {
  const out = new Uint32Array(writes);
  let at = 0;
  for (let i = 0; i < byCall.length; i++) {
    const event = byCall[i];
    for (let write = start[event]; write < start[event + 1]; write++) out[at++] = write;
  }
  return out;
}

export const BINS = 1024;

/** How many events each part of the time has, and how much time (ns) each part of the events took. */
export function density(time) {
  const events = new Float64Array(BINS);
  const spent = new Float64Array(BINS);
  const count = time.length;
  const scale = count > 1 ? (BINS - 1e-6) / Math.max(1, time[count - 1]) : 0;
  let before = 0;
  for (let i = 0; i < count; i++) {
    events[Math.max(0, Math.min(BINS - 1, Math.floor(time[i] * scale)))]++;
    spent[Math.floor((i / count) * BINS)] += Math.max(0, time[i] - before);
    before = time[i];
  }
  return { events, spent };
}
