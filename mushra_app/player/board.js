// The sliders: one column a version, beside a scale with the five labels of BS.1534-3.

import { el } from "./dom.js";
import { listed } from "./texts.js";

export class Board {
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

  label(score) {
    return this.labels[Math.min(4, Math.floor((100 - score) / 20))];
  }

  attention(band) {
    return this.t("attention_band", { label: this.labels[4 - band] });
  }

  // Shows what is selected; only the version being heard can be rated.
  paint(current) {
    this.versions.forEach(({ state, column, pick, slider, output, note }, i) => {
      const here = i === current, rated = state.score !== null;
      const heard = state.n_plays > 0;
      pick.setAttribute("aria-pressed", String(here));
      column.dataset.current = here;
      column.dataset.rated = rated;
      slider.disabled = !(here && heard);
      if (rated) slider.value = state.score;
      output.textContent = rated ? String(state.score) : "–";
      const said = rated ? this.label(state.score) : this.t("not_rated");
      slider.setAttribute("aria-valuetext", rated ? `${state.score}, ${said}` : said);
      note.textContent = rated || heard ? said : this.t("not_heard");
    });
  }

  missing() {
    const open = this.versions.filter(({ state }) => state.score === null || state.n_plays === 0);
    if (!open.length) return null;
    const names = listed(open.map(({ name }) => name), this.t);
    return { said: this.t("missing_rating", { names }), focus: () => open[0].pick.focus() };
  }

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
    track.addEventListener("pointerdown", () => slider.disabled && choose(), { signal });
    slider.addEventListener("input", () => listening.rate(i, Number(slider.value)), { signal });
    // A click or Enter where the thumb already stands changes nothing, yet it is an answer.
    const confirm = () => slider.disabled || state.score !== null || listening.rate(i, Number(slider.value));
    slider.addEventListener("click", confirm, { signal });
    slider.addEventListener("keydown", (event) => event.key === "Enter" && confirm(), { signal });
    const focus = () => slider.focus({ preventScroll: true });
    return { name, state, column, pick, slider, output, note, focus };
  }
}
