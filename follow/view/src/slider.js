// The time slider: how dense the events are, where exceptions are, and where we are.
import { useEffect, useRef } from "preact/hooks";
import { duration, grouped, html } from "./html.js";
import { axis, go, position, store, theme } from "./state.js";
import { atTime } from "./steps.js";

const fraction = (s, at) => (axis.value === "time"
  ? s.time[at] / Math.max(1, s.time[s.count - 1])
  : at / Math.max(1, s.count - 1));

function draw(canvas, s) {
  const scale = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth * scale, canvas.clientHeight * scale];
  if (!width) return;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  const bins = axis.value === "time" ? s.eventsInTime : s.timeInEvents;
  const highest = Math.log1p(bins.reduce((most, one) => Math.max(most, one), 1));
  context.fillStyle = style.getPropertyValue("--density");
  for (let x = 0; x < width; x++) {
    const from = Math.floor((x / width) * bins.length);
    const to = Math.max(from + 1, Math.floor(((x + 1) / width) * bins.length));
    let value = 0;
    for (let bin = from; bin < to; bin++) value = Math.max(value, bins[bin]);
    const tall = value ? Math.max(1, (Math.log1p(value) / highest) * (height - 8 * scale)) : 0;
    context.fillRect(x, height - tall, 1, tall);
  }
  context.fillStyle = style.getPropertyValue("--raise");
  const marks = new Set(Array.from(s.exceptions.subarray(0, 100_000), (at) => Math.round(fraction(s, at) * (width - 1))));
  for (const x of marks) context.fillRect(x, 0, Math.max(1, scale), 6 * scale);
}

export function Slider() {
  const s = store.value;
  const at = position.value;
  const canvas = useRef(null);
  useEffect(() => {
    const redraw = () => draw(canvas.current, s);
    redraw();
    const observer = new ResizeObserver(redraw);
    observer.observe(canvas.current);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", redraw);
    return () => {
      observer.disconnect();
      scheme.removeEventListener("change", redraw);
    };
  }, [s, axis.value, theme.value]);
  const move = (event) => {
    const box = canvas.current.getBoundingClientRect();
    const part = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
    go(axis.value === "time" ? atTime(s, part * s.time[s.count - 1]) : Math.round(part * (s.count - 1)));
  };
  const down = (event) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    move(event);
  };
  const told = `event ${grouped(s.sequence(at))} of ${grouped(s.count)}, ${duration(s.time[at])}`;
  return html`<div class="slider" id="slider" role="slider" tabindex="0" aria-label="Position in time" aria-valuemin="1"
      aria-valuemax=${s.count} aria-valuenow=${at + 1} aria-valuetext=${told}
      title=${axis.value === "time" ? "across: time; up: events (logarithmic)" : "across: events; up: time spent (logarithmic)"}
      onPointerDown=${down} onPointerMove=${(event) => event.buttons & 1 && move(event)}>
    <canvas ref=${canvas}></canvas><div class="cursor" style=${`left:${100 * fraction(s, at)}%`}></div></div>`;
}
