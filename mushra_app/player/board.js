// @ts-check
// Sliders: one column for each version, beside a scale with the five labels of BS.1534-3.

import { el } from "./dom.js";
import { listed } from "./texts.js";

/** @import { Listening } from "./listening.js" */
/** @import { State } from "./shapes.js" */

export class Board {
  /** @param {Listening} listening */
  constructor(listening) {
    const { t, page } = (this.listening = listening);
    this.t = t;
    this.labels = page.labels ?? [4, 3, 2, 1, 0].map((i) => t(`label_${i}`));
    this.versions = listening.states.map((state, i) => this._column(listening.names[i], state, i));
    const bands = this.labels.map((name) => el("div", { class: "band" }, name));
    const ticks = [100, 80, 60, 40, 20, 0].map((n) => {
      const tick = el("span", { class: "tick" }, String(n));
      tick.style.top = `${100 - n}%`;
      return tick;
    });
    const scale = el("div", { class: "scale", "aria-hidden": "true" },
      el("div", { class: "bands" }, ...bands, ...ticks));
    this.element = el("div", { class: "board", role: "group", "aria-label": t("versions") },
      scale, ...this.versions.map((version) => version.column));
  }

  /** @param {number} score */
  label(score) {
    return this.labels[Math.min(4, Math.floor((100 - score) / 20))];
  }

  /** @param {number} band 0 is the worst of five */
  attention(band) {
    return this.t("attention_band", { label: this.labels[4 - band] });
  }

  /**
   * Shows the selection; only the version that is heard can be rated.
   * @param {number} current
   */
  paint(current) {
    this.versions.forEach(({ state, column, pick, slider, output, note }, i) => {
      const selected = i === current, { score } = state, rated = score !== null;
      const heard = state.n_plays > 0;
      pick.setAttribute("aria-pressed", String(selected));
      column.dataset.current = String(selected);
      column.dataset.rated = String(rated);
      slider.disabled = !(selected && heard);
      if (rated) slider.value = String(score);
      output.textContent = rated ? String(score) : "–";
      const label = rated ? this.label(score) : this.t("not_rated");
      slider.setAttribute("aria-valuetext", rated ? `${score}, ${label}` : label);
      note.textContent = rated || heard ? label : this.t("not_heard");
    });
  }

  missing() {
    const open = this.versions.filter(({ state }) => state.score === null || state.n_plays === 0);
    if (!open.length) return null;
    const names = listed(open.map(({ name }) => name), this.t);
    return { message: this.t("missing_rating", { names }), focus: () => open[0].pick.focus() };
  }

  /**
   * @param {string} name
   * @param {State} state
   * @param {number} i
   */
  _column(name, state, i) {
    const { listening, t } = this, { signal } = listening;
    const key = i < 9 ? el("kbd", { "aria-hidden": "true" }, String(i + 1)) : "";
    const pick = el("button", {
      type: "button", class: "pick", "aria-pressed": "false", "aria-label": t("listen", { name }),
    }, el("span", {}, name), key);
    const slider = el("input", {
      type: "range", min: "0", max: "100", step: "1", value: String(state.score ?? 50),
      orient: "vertical", "aria-orientation": "vertical", "aria-label": t("rating_of", { name }),
    });
    const output = el("output", {}), note = el("span", { class: "note" });
    const track = el("div", { class: "track" }, slider);
    const column = el("div", { class: "item" }, pick, track, output, note);
    const choose = () => listening.select(i + listening.first, true);
    pick.addEventListener("click", choose, { signal });
    track.addEventListener("pointerdown", () => { if (slider.disabled) choose(); }, { signal });
    slider.addEventListener("input", () => listening.rate(i, Number(slider.value)), { signal });
    // A click or Enter at the present position of the thumb changes nothing, yet it is an answer.
    const confirm = () => { if (!slider.disabled && state.score === null) listening.rate(i, Number(slider.value)); };
    slider.addEventListener("click", confirm, { signal });
    slider.addEventListener("keydown", (event) => { if (event.key === "Enter") confirm(); }, { signal });
    const focus = () => slider.focus({ preventScroll: true });
    return { name, state, column, pick, slider, output, note, focus };
  }
}
