// The sliders: one column a version, beside a scale with the five labels of BS.1534-3.

import { el } from "./dom.js";

export const LABELS = ["Excellent", "Good", "Fair", "Poor", "Bad"];
// A to Z, then AA, AB ...
export const nameOf = (i) => (i < 26 ? "" : nameOf(Math.floor(i / 26) - 1)) + String.fromCharCode(65 + (i % 26));
const label = (score) => LABELS[Math.min(4, Math.floor((100 - score) / 20))];

export class Board {
  // items: [{name, state}] with state {score, n_plays, ...}; on: {pick(i), rate(i, score)}.
  constructor(items, on, signal) {
    this.items = items.map((item, i) => ({ ...item, ...this._column(item, i, on, signal) }));
    const bands = LABELS.map((name) => el("div", { class: "band" }, name));
    const ticks = [100, 80, 60, 40, 20, 0].map((n) => {
      const tick = el("span", { class: "tick" }, String(n));
      tick.style.top = `${100 - n}%`;
      return tick;
    });
    const scale = el("div", { class: "scale", "aria-hidden": "true" },
      el("div", { class: "bands" }, ...bands, ...ticks));
    this.element = el("div", { class: "board", role: "group", "aria-label": "Versions to rate" },
      scale, ...this.items.map((item) => item.column));
  }

  // Shows what is selected; only the version being heard can be rated.
  paint(current) {
    this.items.forEach((item, i) => {
      const { state, column, pick, slider, output, note } = item;
      const here = i === current, rated = state.score !== null;
      const heard = state.n_plays > 0;
      pick.setAttribute("aria-pressed", String(here));
      column.dataset.current = here;
      column.dataset.rated = rated;
      slider.disabled = !(here && heard);
      if (rated) slider.value = state.score;
      output.textContent = rated ? String(state.score) : "–";
      slider.setAttribute("aria-valuetext", rated ? `${state.score}, ${label(state.score)}` : "not rated");
      note.textContent = rated ? label(state.score) : heard ? "not rated" : "not heard";
    });
  }

  _column({ name, state }, i, on, signal) {
    const key = i < 9 ? el("kbd", { "aria-hidden": "true" }, String(i + 1)) : "";
    const pick = el("button", {
      type: "button", class: "pick", "aria-pressed": "false", "aria-label": `Version ${name}: listen`,
    }, el("span", {}, name), key);
    const slider = el("input", {
      type: "range", min: "0", max: "100", step: "1", value: String(state.score ?? 50),
      orient: "vertical", "aria-orientation": "vertical", "aria-label": `Rating of version ${name}`,
    });
    const output = el("output", {}), note = el("span", { class: "note" });
    const track = el("div", { class: "track" }, slider);
    const column = el("div", { class: "item" }, pick, track, output, note);
    pick.addEventListener("click", () => on.pick(i), { signal });
    track.addEventListener("pointerdown", () => slider.disabled && on.pick(i), { signal });
    slider.addEventListener("input", () => on.rate(i, Number(slider.value)), { signal });
    // A click or Enter where the thumb already stands changes nothing, yet it is an answer.
    const confirm = () => slider.disabled || state.score !== null || on.rate(i, Number(slider.value));
    slider.addEventListener("click", confirm, { signal });
    slider.addEventListener("keydown", (event) => event.key === "Enter" && confirm(), { signal });
    return { column, pick, slider, output, note };
  }
}
