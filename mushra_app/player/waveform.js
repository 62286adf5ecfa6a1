// Waveform of the reference, with the playhead and a loop region set by mouse, touch or keyboard.
// Without an open reference it is a plain line: a waveform would tell one version from another.

import { el } from "./dom.js";
import { SHORTEST_REGION } from "./engine.js";

const STEP = 0.05;

export class Waveform {
  constructor(engine, signal, t, drawn) {
    this.engine = engine;
    this.t = t;
    this.drawn = drawn;
    this.rate = engine.context.sampleRate;
    this.onregion = () => {};
    this.onset = () => {};
    this.canvas = el("canvas", { class: "wave", "aria-hidden": "true" });
    this.playhead = el("div", { class: "playhead" });
    this.handles = ["start", "end"].map((edge) => this._handle(edge, signal));
    this.element = el("div", { class: "wave-box", title: t("drag_to_repeat") },
      this.canvas, this.playhead, ...this.handles);
    this._drag(signal);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.element);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.scheme.addEventListener("change", () => requestAnimationFrame(() => this.draw()), { signal });
    signal.addEventListener("abort", () => this.observer.disconnect());
  }

  set(start, end) {
    this.engine.region(start, end);
    this.onset(this.engine.start, this.engine.end);
    this.draw();
  }

  whole() {
    this.set(0, this.engine.length);
  }

  // Moves one border of the region to where the playhead is.
  mark(edge) {
    const here = this.engine.position() * this.rate;
    if (edge === "start") this.set(here, this.engine.end);
    else this.set(this.engine.start, Math.max(here, this.engine.start));
  }

  move() {
    const share = (this.engine.position() * this.rate) / this.engine.length;
    this.playhead.style.left = `${100 * share}%`;
  }

  draw() {
    const { canvas, engine } = this, ratio = devicePixelRatio || 1;
    const width = (canvas.width = Math.max(1, Math.round(canvas.clientWidth * ratio)));
    const height = (canvas.height = Math.max(1, Math.round(canvas.clientHeight * ratio)));
    const style = getComputedStyle(canvas), colour = (name) => style.getPropertyValue(name).trim();
    const pen = canvas.getContext("2d");
    const from = (engine.start / engine.length) * width, to = (engine.end / engine.length) * width;
    const data = this.drawn ? engine.buffers[0].getChannelData(0) : new Float32Array(0);
    const loudest = (this.loudest ??= data.reduce((a, x) => Math.max(a, Math.abs(x)), 1e-6));
    const bar = Math.round(3 * ratio), gap = Math.round(2 * ratio), middle = height / 2;
    pen.clearRect(0, 0, width, height);
    if (engine.end - engine.start < engine.length) {
      pen.fillStyle = colour("--region");
      pen.fillRect(from, 0, to - from, height);
    }
    for (let x = 0; x < width; x += bar + gap) {
      const first = Math.floor((x / width) * engine.length);
      const last = Math.min(data.length, Math.floor(((x + bar + gap) / width) * engine.length));
      let peak = 0;
      for (let k = first; k < last; k++) peak = Math.max(peak, Math.abs(data[k]));
      const tall = Math.max(bar, (peak / loudest) * (height - 8 * ratio));
      pen.fillStyle = colour(x >= from && x < to ? "--wave" : "--wave-off");
      pen.beginPath();
      pen.roundRect(x, middle - tall / 2, bar, tall, bar / 2);
      pen.fill();
    }
    this._place();
    this.move();
    this.onregion(engine.end - engine.start >= engine.length);
  }

  _place() {
    const seconds = this.engine.length / this.rate;
    ["start", "end"].forEach((edge, i) => {
      const at = this.engine[edge] / this.rate, handle = this.handles[i];
      handle.style.left = `${(100 * at) / seconds}%`;
      handle.setAttribute("aria-valuenow", at.toFixed(2));
      handle.setAttribute("aria-valuemax", seconds.toFixed(2));
      handle.setAttribute("aria-valuetext", this.t("seconds", { seconds: at.toFixed(2) }));
    });
  }

  _handle(edge, signal) {
    const handle = el("div", {
      class: `handle ${edge}`, role: "slider", tabindex: "0", "aria-valuemin": "0",
      "aria-label": this.t(`region_${edge}`),
    });
    handle.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!way) return;
      event.preventDefault();
      event.stopPropagation();
      const { start, end } = this.engine, step = way * STEP * this.rate;
      const least = SHORTEST_REGION * this.rate;
      if (edge === "start") this.set(Math.max(0, Math.min(start + step, end - least)), end);
      else this.set(start, Math.max(end + step, start + least));
    }, { signal });
    return handle;
  }

  _drag(signal) {
    const box = this.element;
    let anchor = null, moved = false;
    const at = (event) => {
      const area = box.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - area.left) / area.width)) * this.engine.length;
    };
    box.addEventListener("pointerdown", (event) => {
      const edge = this.handles.indexOf(event.target);
      anchor = edge === 0 ? this.engine.end : edge === 1 ? this.engine.start : at(event);
      moved = false;
      box.setPointerCapture(event.pointerId);
    }, { signal });
    box.addEventListener("pointermove", (event) => {
      if (anchor === null || Math.abs(at(event) - anchor) < 0.01 * this.engine.length) return;
      moved = true;
      box.dataset.dragging = "true";
      this._preview(anchor, at(event));
    }, { signal });
    const drop = (event) => {
      if (anchor !== null && moved) this.set(Math.min(anchor, at(event)), Math.max(anchor, at(event)));
      anchor = null;
      delete box.dataset.dragging;
    };
    box.addEventListener("pointerup", drop, { signal });
    box.addEventListener("pointercancel", () => { anchor = null; this._place(); }, { signal });
  }

  _preview(a, b) {
    const share = (x) => `${(100 * x) / this.engine.length}%`;
    this.handles[0].style.left = share(Math.min(a, b));
    this.handles[1].style.left = share(Math.max(a, b));
  }
}
