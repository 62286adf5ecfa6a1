// @ts-check
// Waveform of the reference, with the playhead and a loop region set by mouse, touch or keyboard.
// Without an open reference it is a plain line: a waveform would tell one version from another.

import { el } from "./dom.js";
import { SHORTEST_REGION } from "./engine.js";

/** @import { Engine } from "./engine.js" */
/** @import { Translate } from "./shapes.js" */
/** @typedef {"start" | "end"} Edge */

// Step of the arrow keys, s.
const STEP = 0.05;
/** @type {Edge[]} */
const EDGES = ["start", "end"];
/** @type {Record<string, number>} */
const DIRECTIONS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };

export class Waveform {
  /** Largest sample of the reference. @type {number | undefined} */
  loudest;
  /** Called with true if the region is the whole item. @type {(whole: boolean) => void} */
  onregion = () => {};
  /** Called with a new region, in samples. @type {(start: number, end: number) => void} */
  onset = () => {};

  /**
   * @param {Engine} engine
   * @param {AbortSignal} signal
   * @param {Translate} t
   * @param {boolean} drawn false for a plain line
   */
  constructor(engine, signal, t, drawn) {
    this.engine = engine;
    this.t = t;
    this.drawn = drawn;
    this.rate = engine.context.sampleRate;
    this.canvas = el("canvas", { class: "wave", "aria-hidden": "true" });
    this.playhead = el("div", { class: "playhead" });
    this.handles = EDGES.map((edge) => this._handle(edge, signal));
    this.element = el("div", { class: "wave-box", title: t("drag_to_repeat") },
      this.canvas, this.playhead, ...this.handles);
    this._drag(signal);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.element);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.scheme.addEventListener("change", () => requestAnimationFrame(() => this.draw()), { signal });
    signal.addEventListener("abort", () => this.observer.disconnect());
  }

  /**
   * @param {number} start sample
   * @param {number} end sample
   */
  set(start, end) {
    this.engine.region(start, end);
    this.onset(this.engine.start, this.engine.end);
    this.draw();
  }

  whole() {
    this.set(0, this.engine.length);
  }

  /**
   * Moves one border of the region to the playhead.
   * @param {Edge} edge
   */
  mark(edge) {
    const position = this.engine.position() * this.rate;
    if (edge === "start") this.set(position, this.engine.end);
    else this.set(this.engine.start, Math.max(position, this.engine.start));
  }

  move() {
    const share = (this.engine.position() * this.rate) / this.engine.length;
    this.playhead.style.left = `${100 * share}%`;
  }

  draw() {
    const { canvas, engine } = this, ratio = devicePixelRatio || 1;
    const width = (canvas.width = Math.max(1, Math.round(canvas.clientWidth * ratio)));
    const height = (canvas.height = Math.max(1, Math.round(canvas.clientHeight * ratio)));
    const style = getComputedStyle(canvas), colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
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
    this._moveHandles();
    this.move();
    this.onregion(engine.end - engine.start >= engine.length);
  }

  _moveHandles() {
    const seconds = this.engine.length / this.rate;
    EDGES.forEach((edge, i) => {
      const at = this.engine[edge] / this.rate, handle = this.handles[i];
      handle.style.left = `${(100 * at) / seconds}%`;
      handle.setAttribute("aria-valuenow", at.toFixed(2));
      handle.setAttribute("aria-valuemax", seconds.toFixed(2));
      handle.setAttribute("aria-valuetext", this.t("seconds", { seconds: at.toFixed(2) }));
    });
  }

  /**
   * @param {Edge} edge
   * @param {AbortSignal} signal
   */
  _handle(edge, signal) {
    const handle = el("div", {
      class: `handle ${edge}`, role: "slider", tabindex: "0", "aria-valuemin": "0",
      "aria-label": this.t(`region_${edge}`),
    });
    handle.addEventListener("keydown", (event) => {
      const direction = DIRECTIONS[event.key];
      if (!direction) return;
      event.preventDefault();
      event.stopPropagation();
      const { start, end } = this.engine, step = direction * STEP * this.rate;
      const least = SHORTEST_REGION * this.rate;
      if (edge === "start") this.set(Math.max(0, Math.min(start + step, end - least)), end);
      else this.set(start, Math.max(end + step, start + least));
    }, { signal });
    return handle;
  }

  /** @param {AbortSignal} signal */
  _drag(signal) {
    const box = this.element;
    /** @type {number | null} */
    let anchor = null;
    let moved = false;
    const at = (/** @type {PointerEvent} */ event) => {
      const area = box.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - area.left) / area.width)) * this.engine.length;
    };
    box.addEventListener("pointerdown", (event) => {
      const edge = this.handles.indexOf(/** @type {HTMLDivElement} */ (event.target));
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
    const drop = (/** @type {PointerEvent} */ event) => {
      if (anchor !== null && moved) this.set(Math.min(anchor, at(event)), Math.max(anchor, at(event)));
      anchor = null;
      delete box.dataset.dragging;
    };
    box.addEventListener("pointerup", drop, { signal });
    box.addEventListener("pointercancel", () => { anchor = null; this._moveHandles(); }, { signal });
  }

  /**
   * @param {number} a sample
   * @param {number} b sample
   */
  _preview(a, b) {
    const share = (/** @type {number} */ x) => `${(100 * x) / this.engine.length}%`;
    this.handles[0].style.left = share(Math.min(a, b));
    this.handles[1].style.left = share(Math.max(a, b));
  }
}
