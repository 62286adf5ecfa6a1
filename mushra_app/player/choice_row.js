// @ts-check
// Row of answers, one of which is chosen, below buttons that play the versions.

import { el } from "./dom.js";

/** @import { Listening } from "./listening.js" */

/**
 * Returns the button that plays a version.
 * @param {Listening} listening
 * @param {number} i
 */
export function pickButton(listening, i) {
  const name = listening.names[i];
  const pick = el("button", {
    type: "button", class: "pick", "aria-pressed": "false", "aria-label": listening.t("listen", { name }),
  }, el("span", {}, name), el("kbd", { "aria-hidden": "true" }, String(i + 1)));
  pick.addEventListener("click", () => listening.select(i + listening.first, true), { signal: listening.signal });
  return pick;
}

/** @template {string | number} Value */
export class Answers {
  /**
   * @param {string} legend
   * @param {{value: Value, label: string}[]} choices
   * @param {() => unknown} chosen returns the present answer
   * @param {(value: Value) => void} on called with a new answer
   * @param {AbortSignal} signal
   */
  constructor(legend, choices, chosen, on, signal) {
    this.chosen = chosen;
    this.inputs = choices.map(({ value }, i) => {
      const input = el("input", { type: "radio", name: "answer", value: String(value), id: `answer-${i}` });
      input.addEventListener("change", () => on(value), { signal });
      return input;
    });
    this.values = choices.map(({ value }) => value);
    this.rows = choices.map(({ label }, i) => el("label", { class: "answer", for: `answer-${i}` }, this.inputs[i], el("span", {}, label)));
    this.element = el("fieldset", { class: "answers" }, el("legend", { class: "unseen" }, legend), ...this.rows);
  }

  /** @param {boolean} enabled */
  paint(enabled) {
    this.element.disabled = !enabled;
    this.inputs.forEach((input, i) => {
      input.checked = this.chosen() === this.values[i];
      this.rows[i].dataset.chosen = String(input.checked);
    });
  }

  focus() {
    (this.inputs.find((input) => input.checked) ?? this.inputs[0]).focus({ preventScroll: true });
  }
}
