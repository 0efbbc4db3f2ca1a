// Search: functions, statements, then values as they were written; a slice at a time, so that drawing goes on.

const MOST = 5000;
const SLICE = 8; // ms

/** Runs a generator in slices; gives a function that stops it. */
export function sliced(generator, onProgress, onDone) {
  let stopped = false;
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    if (stopped) return;
    const until = performance.now() + SLICE;
    for (;;) {
      if (generator.next().done) {
        onDone();
        channel.port1.close();
        return;
      }
      if (performance.now() > until) break;
    }
    onProgress();
    channel.port2.postMessage(0);
  };
  channel.port2.postMessage(0);
  return () => {
    stopped = true;
    channel.port1.close();
  };
}

/** `name=text` looks for values of variables of that name; anything else for functions, statements and values. */
export function parse(query) {
  const match = /^\s*([^\s=!<>()[\]]+)\s*=(?!=)\s*(.*)$/.exec(query);
  if (match) return { name: match[1], text: match[2].trim().toLowerCase() };
  return { name: null, text: query.trim().toLowerCase() };
}

/** Fills `found.items` with {kind, …, event}, and `found.more` where there is more than is kept. */
export function* search(store, query, found) {
  const { name, text } = parse(query);
  if (!text && !name) return;
  if (name === null) {
    yield* functions(store, text, found);
    yield* statements(store, text, found);
  }
  yield* writes(store, name, yield* matching(store, text), found);
}

function add(found, item) {
  if (found.items.length >= MOST) found.more = true;
  else found.items.push(item);
  return !found.more;
}

function* functions(store, text, found) {
  const first = new Map();
  for (let call = 0; call < store.calls; call++) {
    const fn = store.callFunction[call];
    if (!first.has(fn)) first.set(fn, store.callStart[call]);
    if (!(call & 4095)) yield;
  }
  for (const [fn, event] of first) {
    if (store.functions[fn].qualname.toLowerCase().includes(text)) add(found, { kind: "function", fn, event });
  }
}

function* statements(store, text, found) {
  for (let number = 0; number < store.places.length; number++) {
    const place = store.places[number];
    if (place.text && place.text.toLowerCase().includes(text) && place.event !== "raise") {
      const event = store.hits(number) ? store.placeEvents[store.placeStart[number]] : -1;
      if (!add(found, { kind: "statement", place: number, event })) return;
    }
    if (!(number & 1023)) yield;
  }
}

/** Which values' texts hold a text, as a byte for each value. */
function* matching(store, text) {
  const count = store.textStart.length - 1;
  const found = new Uint8Array(count + 1);
  if (!text) return found.fill(1);
  for (let from = 0; from < count; ) {
    const to = Math.min(count, from + 512);
    const block = store.decoder.decode(store.text.subarray(store.textStart[from], store.textStart[to])).toLowerCase();
    if (block.includes(text)) {
      for (let value = from + 1; value <= to; value++) {
        const bytes = store.text.subarray(store.textStart[value - 1], store.textStart[value]);
        if (store.decoder.decode(bytes).toLowerCase().includes(text)) found[value] = 1;
      }
    }
    from = to;
    yield;
  }
  return found;
}

function* writes(store, name, wanted, found) {
  const named = store.variables.map((one) => name === null || one.name === name);
  for (let write = 0; write < store.value.length; write++) {
    if (wanted[store.value[write]] && named[store.variable[write]] && (store.value[write] || name !== null)) {
      if (!add(found, { kind: "value", write, event: store.writeEvent[write] })) return;
    }
    if (!(write & 16383)) yield;
  }
}
