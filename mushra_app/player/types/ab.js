// @ts-check
// AB preference: two versions, and the question which is better.

import { Answers, pickButton } from "../choice_row.js";
import { el } from "../dom.js";
import { listen } from "../listening.js";

/** @import { Screen } from "../screen.js" */
/** @import { Listening } from "../listening.js" */
/** @import { Chosen } from "../shapes.js" */

/** @param {Screen} screen */
export const open = (screen) => listen(screen, (listening) => new Pair(listening));

class Pair {
  /** @param {Listening} listening */
  constructor(listening) {
    const { t, page, chosen, signal } = (this.listening = listening);
    this.picks = listening.states.map((_, i) => pickButton(listening, i));
    this.versions = this.picks.map((pick) => ({ pick, focus: () => pick.focus({ preventScroll: true }) }));
    /** @type {NonNullable<Chosen["choice"]>[]} */
    const choices = page.no_preference ? ["first", "none", "second"] : ["first", "second"];
    this.answers = new Answers(page.prompt, choices.map((value) => ({ value, label: t(`choice_${value}`) })),
      () => chosen.choice, (value) => listening.choose(value), signal);
    this.element = el("div", { class: "board few" }, el("div", { class: "picks" }, ...this.picks), this.answers.element);
  }

  /** @param {number} slot */
  attention(slot) {
    return this.listening.t("attention_choice", { name: this.listening.names[slot] });
  }

  /** @param {number} current */
  paint(current) {
    this.picks.forEach((pick, i) => pick.setAttribute("aria-pressed", String(i === current)));
    this.answers.paint(this.listening.states.every((state) => state.n_plays > 0));
  }

  missing() {
    const { states, chosen, t } = this.listening;
    const unheard = states.findIndex((state) => state.n_plays === 0);
    if (unheard < 0 && chosen.choice) return null;
    return { message: t("missing_choice"), focus: () => (unheard < 0 ? this.answers : this.picks[unheard]).focus() };
  }
}
