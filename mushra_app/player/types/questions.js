// A questionnaire.

import { Answering } from "../answering.js";
import { el } from "../dom.js";
import { field } from "../fields.js";
import { listed } from "../texts.js";

export function open(screen) {
  const { page, t, signal } = screen, answering = new Answering(screen);
  const fields = page.questions.map((question) => field(question, answering.get(question.name),
    (value) => answering.set(question.name, value), t, signal));
  const title = el("h1", {}, page.title), text = el("div", { class: "prose" });
  // The server made it of Markdown in which no markup of the author's passes.
  text.innerHTML = page.html;
  screen.show(title, el("div", { class: "heading" }, title, text), el("div", { class: "form" }, ...fields.map((f) => f.element)));
  answering.closes(() => {
    const wanting = fields.filter((one) => one.missing());
    if (!wanting.length) return null;
    const names = listed(wanting.map((one) => t("quoted", { words: one.label })), t);
    return { said: t("missing_answers", { names }), focus: () => wanting[0].focus() };
  });
  return answering;
}
