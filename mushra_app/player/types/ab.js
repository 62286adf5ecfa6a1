// AB preference: two versions, and which is better.

import { Answers, pickButton } from "../answers.js";
import { el } from "../dom.js";
import { listen } from "../listening.js";

export const open = (screen) => listen(screen, (listening) => new Pair(listening));

class Pair {
  constructor(listening) {
    const { t, page, chosen, signal } = (this.listening = listening);
    this.picks = listening.states.map((_, i) => pickButton(listening, i));
    this.versions = this.picks.map((pick) => ({ pick, focus: () => pick.focus({ preventScroll: true }) }));
    const choices = ["first", ...(page.no_preference ? ["none"] : []), "second"];
    this.answers = new Answers(page.prompt, choices.map((value) => ({ value, label: t(`choice_${value}`) })),
      () => chosen.choice, (value) => listening.choose(value), signal);
    this.element = el("div", { class: "board few" }, el("div", { class: "picks" }, ...this.picks), this.answers.element);
  }

  attention(slot) {
    return this.listening.t("attention_choice", { name: this.listening.names[slot] });
  }

  paint(current) {
    this.picks.forEach((pick, i) => pick.setAttribute("aria-pressed", String(i === current)));
    this.answers.paint(this.listening.states.every((state) => state.n_plays > 0));
  }

  missing() {
    const { states, chosen, t } = this.listening;
    const unheard = states.findIndex((state) => state.n_plays === 0);
    if (unheard < 0 && chosen.choice) return null;
    return { said: t("missing_choice"), focus: () => (unheard < 0 ? this.answers : this.picks[unheard]).focus() };
  }
}
