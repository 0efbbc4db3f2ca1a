// The recording: columns, indexes, and the questions that are asked of them. Positions are indexes of events, from 0.

export const RESULT = 1;
export const EXCEPTION = 2;
const NOT_BOUND = 0;
const REMEMBERED = 5000;

/** The first index of a sorted range whose item is not below a key. */
export function lowerBound(items, from, to, below) {
  while (from < to) {
    const middle = (from + to) >> 1;
    if (below(items[middle])) from = middle + 1;
    else to = middle;
  }
  return from;
}

export class Store {
  constructor({ data, tables }, meta, answers) {
    Object.assign(this, data);
    this.meta = meta;
    this.answers = answers;
    this.tables = tables;
    this.count = data.place.length;
    this.calls = data.callParent.length;
    this.decoder = new TextDecoder();
    this.texts = new Map();
    this.places = tables.places.map(([fn, event, kind, text, line, column, endLine, loop]) =>
      ({ fn, event, kind, text, line, column, endLine, loop }));
    this.functions = tables.functions.map(([file, name, qualname, line, suspends, module]) =>
      ({ file, name, qualname, line, suspends, module }));
    this.variables = tables.variables.map(([fn, name, role]) => ({ fn, name, role }));
    this.indexVariables();
    this.indexLines();
  }

  indexVariables() {
    this.variableNumbers = new Map();
    const met = this.functions.map(() => []);
    this.variables.forEach((one, number) => {
      this.variableNumbers.set(`${one.fn} ${one.role} ${one.name}`, number);
      if (one.role === 0) met[one.fn].push(one.name);
    });
    this.functionVariables = this.functions.map((_, fn) => {
      const told = new Map(this.tables.names[fn]);
      for (const name of met[fn]) if (!told.has(name)) told.set(name, 1);
      return Array.from(told, ([name, recorded]) =>
        ({ name, recorded, number: this.variableNumbers.get(`${fn} 0 ${name}`) ?? -1 }));
    });
    const untold = this.functionVariables.flat().filter((one) => !one.recorded);
    this.untold = new Set(untold.map((one) => one.number)); // of these "not bound" means that nothing is known
    this.functionLoops = this.functions.map(() => []);
    for (const [loop, outer] of Object.entries(this.tables.loops)) {
      this.functionLoops[this.places[loop].fn].push([Number(loop), outer]);
    }
  }

  indexLines() {
    this.linePlaces = this.tables.files.map(() => new Map());
    this.places.forEach((place, number) => {
      if (!place.line) return;
      const lines = this.linePlaces[this.functions[place.fn].file];
      if (!lines.has(place.line)) lines.set(place.line, []);
      lines.get(place.line).push(number);
    });
  }

  // ── events ──────────────────────────────────────────────────────────────────────────────────────────────────

  placeAt(i) { return this.places[this.place[i]]; }
  functionAt(i) { return this.functions[this.callFunction[this.call[i]]]; }
  fileAt(i) { return this.functionAt(i).file; }

  /** The number of an event in the trace. */
  sequence(i) {
    const gaps = this.meta.gaps;
    const next = lowerBound(gaps, 0, gaps.length, ([at]) => at <= i);
    return next ? gaps[next - 1][1] + i - gaps[next - 1][0] : i + 1;
  }

  /** The event of a number in the trace, or the nearest after it. */
  ofSequence(sequence) {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.sequence(middle) < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  hits(place) { return this.placeStart[place + 1] - this.placeStart[place]; }

  /**
   * How often the statements of a line were executed; of a line that only begins a function how often it was called;
   * -1 where there is nothing that could be recorded.
   */
  lineHits(file, line) {
    const places = this.linePlaces[file]?.get(line);
    if (!places) return -1;
    const statements = places.filter((place) => this.places[place].event !== "call");
    return (statements.length ? statements : places).reduce((sum, place) => sum + this.hits(place), 0);
  }

  /** The range of a place's events in one call, as indexes into `placeCallEvents`. */
  inCall(place, call) {
    const to = this.placeStart[place + 1];
    const from = lowerBound(this.placeCallEvents, this.placeStart[place], to, (e) => this.call[e] < call);
    return [from, lowerBound(this.placeCallEvents, from, to, (e) => this.call[e] <= call)];
  }

  /** The last event of a place in one call up to a position, or -1. */
  lastOf(place, call, at) {
    const from = this.placeStart[place];
    const found = lowerBound(this.placeCallEvents, from, this.placeStart[place + 1],
      (e) => this.call[e] < call || (this.call[e] === call && e <= at)) - 1;
    if (found < from) return -1;
    const event = this.placeCallEvents[found];
    return this.call[event] === call ? event : -1;
  }

  /** The index of an event among those of its call, as an index into `callEvents`. */
  rank(call, at) {
    return lowerBound(this.callEvents, this.callEventStart[call], this.callEventStart[call + 1], (e) => e < at);
  }

  // ── values ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** A value's text; values are numbered from 1. */
  textOf(value) {
    let text = this.texts.get(value);
    if (text === undefined) {
      if (this.texts.size > REMEMBERED) this.texts.clear();
      text = this.decoder.decode(this.text.subarray(this.textStart[value - 1], this.textStart[value]));
      this.texts.set(value, text);
    }
    return text;
  }

  typeOf(value) { return this.tables.types[this.valueType[value - 1]]; }

  /** The last write of a variable in a call up to a position, as an index into `variableWrites`; -1 if none. */
  rankOfWrite(variable, call, at) {
    if (variable < 0) return -1;
    const from = this.variableStart[variable];
    const found = lowerBound(this.variableWrites, from, this.variableStart[variable + 1], (w) => {
      const event = this.writeEvent[w];
      return this.call[event] < call || (this.call[event] === call && event <= at);
    }) - 1;
    return found >= from && this.call[this.writeEvent[this.variableWrites[found]]] === call ? found : -1;
  }

  /** The value of a variable at a position: `value` 0 is "not bound", null "not recorded". */
  valueAt({ number, recorded }, call, at) {
    const rank = this.rankOfWrite(number, call, at);
    if (rank < 0) {
      const begun = this.placeAt(this.callStart[call]).event === "call";
      return { value: begun && recorded ? NOT_BOUND : null, rank, event: -1, before: null };
    }
    const write = this.variableWrites[rank];
    const none = recorded ? NOT_BOUND : null;
    const before = this.before(number, rank) || none;
    return { value: this.value[write] || none, rank, event: this.writeEvent[write], before };
  }

  /** The value that a write replaced: 0 "not bound". */
  before(variable, rank) {
    if (rank - 1 < this.variableStart[variable]) return NOT_BOUND;
    const write = this.variableWrites[rank - 1];
    const now = this.variableWrites[rank];
    return this.call[this.writeEvent[write]] === this.call[this.writeEvent[now]] ? this.value[write] : NOT_BOUND;
  }

  /** What an event wrote: variables, what it returned, what it raised. */
  writesAt(i) {
    const found = [];
    for (let write = this.writeStart[i]; write < this.writeStart[i + 1]; write++) {
      const number = this.variable[write];
      const value = this.value[write];
      if (value || !this.untold.has(number)) found.push({ ...this.variables[number], number, value });
    }
    return found;
  }

  /** What an event returned, yielded (role RESULT) or raised (role EXCEPTION): the value's number, or 0. */
  told(i, role) {
    for (let write = this.writeStart[i + 1] - 1; write >= this.writeStart[i]; write--) {
      if (this.variables[this.variable[write]].role === role) return this.value[write];
    }
    return 0;
  }

  // ── calls ───────────────────────────────────────────────────────────────────────────────────────────────────

  parent(call) { return this.callParent[call] - 1; }

  /** The calls from the outermost to this one. */
  path(call) {
    if (this.lastPath?.at(-1) !== call) { // most steps stay in a call
      this.lastPath = [];
      for (let one = call; one >= 0; one = this.parent(one)) this.lastPath.push(one);
      this.lastPath.reverse();
    }
    return this.lastPath;
  }

  childCount(call) { return this.childStart[call + 2] - this.childStart[call + 1]; }
}
