// Starts the page: hands the data to the worker, then shows what comes back.
import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./app.js";
import { html } from "./html.js";
import { onKey } from "./keys.js";
import { hash, position, problem, readHash, store, tab, theme, variable, writeHash } from "./state.js";
import { Store } from "./store.js";

const element = (id) => document.getElementById(id);
const json = (id) => JSON.parse(element(id).textContent);

function gather() {
  const parts = {};
  for (const script of document.querySelectorAll("script[data-items]")) {
    const { column, items } = script.dataset;
    if (column.startsWith("source")) continue; // unpacked when it is looked at
    (parts[column] ??= []).push({ items: Number(items), data: script.textContent });
    script.remove();
  }
  return parts;
}

/** Takes a few steps there and back: the first ones are slow, for the browser has yet to compile what they run. */
async function warmUp() {
  const at = position.value;
  for (const to of [at + 1, at + 2, at - 1, at]) {
    position.value = Math.max(0, Math.min(store.value.count - 1, to));
    for (let turn = 0; turn < 5; turn++) await null; // no key is handled meanwhile
    document.body.getBoundingClientRect();
  }
}

function start() {
  const [meta, answers] = [json("meta"), json("answers")];
  const url = URL.createObjectURL(new Blob([element("worker").textContent], { type: "text/javascript" }));
  const worker = new Worker(url);
  const fail = (text) => (problem.value = `The recording could not be unpacked: ${text}`);
  worker.onerror = (event) => fail(event.message);
  worker.onmessage = ({ data }) => {
    worker.terminate();
    URL.revokeObjectURL(url);
    if (data.problem) return fail(data.problem);
    store.value = new Store(data, meta, answers);
    readHash();
    render(html`<${App} />`, element("app"));
    effect(() => {
      [position.value, variable.value, tab.value]; // what the hash tells of
      if (store.value.count) writeHash();
    });
    requestAnimationFrame(() => setTimeout(async () => {
      if (store.value.count) await warmUp();
      performance.mark("follow-ready");
      document.documentElement.dataset.ready = "";
    }));
    return undefined;
  };
  worker.postMessage({ parts: gather(), tables: element("tables").textContent, meta });
  render(html`<${App} />`, element("app"));
}

addEventListener("keydown", onKey);
addEventListener("hashchange", () => store.value?.count && location.hash !== hash() && readHash());
effect(() => {
  if (theme.value) document.documentElement.dataset.theme = theme.value;
  else delete document.documentElement.dataset.theme;
});

/** For tests and for the console: where we are, and the recording. */
globalThis.followView = { store, position, variable, tab, theme };
element("app").textContent = "";
start();
