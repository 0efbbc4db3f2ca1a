// Unpacks the columns and builds the indexes, away from the thread that draws.
import { density, eventsOf, grouped, starts, times, values, writesByCall } from "./indexes.js";
import { inflateJson, numbers, text } from "./unpack.js";

const COLUMNS = ["place", "call", "time", "writes", "variable", "value", "valueType", "valueLength",
  "callFunction", "callNumber", "callParent", "callStart", "callEnd", "callThread"];

async function unpack({ parts, tables: packed, meta }) {
  const [tables, blob, ...columns] = await Promise.all([
    inflateJson(packed),
    text(parts.text),
    ...COLUMNS.map((name) => numbers(parts[name])),
  ]);
  const data = Object.fromEntries(COLUMNS.map((name, i) => [name, columns[i]]));
  data.text = blob;
  data.time = times(data.time, meta.jumps);
  data.value = values(data.value);
  data.textStart = starts(data.valueLength);
  data.writeStart = starts(data.writes);
  delete data.writes;
  delete data.valueLength;
  index(data, tables);
  return { data, tables };
}

function index(data, tables) {
  const { place, call, variable, callParent } = data;
  const calls = callParent.length;
  const byCall = grouped(call, calls);
  const byPlace = grouped(place, tables.places.length);
  data.callEvents = byCall.items;
  data.callEventStart = byCall.start;
  data.placeEvents = byPlace.items;
  data.placeStart = byPlace.start;
  data.placeCallEvents = grouped(place, tables.places.length, byCall.items).items;
  data.writeEvent = eventsOf(data.writeStart, variable.length);
  const inCalls = writesByCall(byCall.items, data.writeStart, variable.length);
  const byVariable = grouped(variable, tables.variables.length, inCalls);
  data.variableStart = byVariable.start;
  data.variableWrites = byVariable.items;
  const children = grouped(callParent, calls + 1);
  data.childStart = children.start;
  data.children = children.items;
  data.exceptions = exceptions(data, tables);
  const found = density(data.time);
  data.eventsInTime = found.events;
  data.timeInEvents = found.spent;
}

/** The events at which a statement raised, or an exception left a call. */
function exceptions({ place, writeStart, variable }, tables) {
  const raising = tables.variables.map((one) => one[2] === 2);
  const found = [];
  for (let i = 0; i < place.length; i++) {
    const last = writeStart[i + 1] - 1;
    if (last >= writeStart[i] && raising[variable[last]]) found.push(i);
  }
  return Uint32Array.from(found);
}

onmessage = async ({ data }) => {
  try {
    const result = await unpack(data);
    postMessage(result, Object.values(result.data).map((array) => array.buffer));
  } catch (error) {
    postMessage({ problem: String(error?.stack ?? error) });
  }
};
