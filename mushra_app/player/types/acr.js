// @ts-check
// Absolute category rating: one version and five categories.

import { Answers, pickButton } from "../choice_row.js";
import { el } from "../dom.js";
import { listen } from "../listening.js";
import { listed } from "../texts.js";

/** @import { Screen } from "../screen.js" */
/** @import { Listening } from "../listening.js" */

/** @param {Screen} screen */
export const open = (screen) => listen(screen, (listening) => new Categories(listening));

class Categories {
  /** @param {Listening} listening */
  constructor(listening) {
    const { t, page, states, signal } = (this.listening = listening);
    this.labels = page.labels ?? [4, 3, 2, 1, 0].map((i) => t(`label_${i}`));
    this.picks = states.map((_, i) => pickButton(listening, i));
    this.versions = this.picks.map((pick) => ({ pick, focus: () => pick.focus({ preventScroll: true }) }));
    const choices = this.labels.map((label, i) => ({ value: 5 - i, label: `${5 - i} · ${label}` }));
    this.answers = new Answers(page.prompt, choices, () => states[0].score, (value) => listening.rate(0, value), signal);
    this.element = el("div", { class: "board few" }, el("div", { class: "picks" }, ...this.picks), this.answers.element);
  }

  /** @param {number} band 0 is the worst of five */
  attention(band) {
    return this.listening.t("attention_band", { label: this.labels[4 - band] });
  }

  /** @param {number} current */
  paint(current) {
    this.picks.forEach((pick, i) => pick.setAttribute("aria-pressed", String(i === current)));
    this.answers.paint(this.listening.states[0].n_plays > 0);
  }

  missing() {
    const { states, names, t } = this.listening, heard = states[0].n_plays > 0;
    if (heard && states[0].score !== null) return null;
    const message = t("missing_rating", { names: listed(names, t) });
    return { message, focus: () => (heard ? this.answers : this.picks[0]).focus() };
  }
}
