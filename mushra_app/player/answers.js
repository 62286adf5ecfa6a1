// A row of answers of which one is chosen, below buttons that play the versions.

import { el } from "./dom.js";

// The button that plays a version.
export function pickButton(listening, i) {
  const name = listening.names[i];
  const pick = el("button", {
    type: "button", class: "pick", "aria-pressed": "false", "aria-label": listening.t("listen", { name }),
  }, el("span", {}, name), el("kbd", { "aria-hidden": "true" }, String(i + 1)));
  pick.addEventListener("click", () => listening.select(i + listening.first, true), { signal: listening.signal });
  return pick;
}

// choices: [{value, label}]; chosen() is the value that stands, on(value) is told of another.
export class Answers {
  constructor(legend, choices, chosen, on, signal) {
    this.chosen = chosen;
    this.inputs = choices.map(({ value }, i) => {
      const input = el("input", { type: "radio", name: "answer", value: String(value), id: `answer-${i}` });
      input.addEventListener("change", () => on(value), { signal });
      return input;
    });
    this.values = choices.map(({ value }) => value);
    const rows = choices.map(({ label }, i) => el("label", { class: "answer", for: `answer-${i}` }, this.inputs[i], el("span", {}, label)));
    this.element = el("fieldset", { class: "answers" }, el("legend", { class: "unseen" }, legend), ...rows);
  }

  paint(enabled) {
    this.element.disabled = !enabled;
    this.inputs.forEach((input, i) => {
      input.checked = this.chosen() === this.values[i];
      input.parentElement.dataset.chosen = input.checked;
    });
  }

  focus() {
    (this.inputs.find((input) => input.checked) ?? this.inputs[0]).focus({ preventScroll: true });
  }
}
