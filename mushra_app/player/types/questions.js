// @ts-check
// Questionnaire.

import { Answering } from "../form_answers.js";
import { el } from "../dom.js";
import { field } from "../fields.js";
import { listed } from "../texts.js";

/** @import { Screen } from "../screen.js" */
/** @import { QuestionsPage } from "../shapes.js" */

/** @param {Screen} screen */
export function open(screen) {
  const page = /** @type {QuestionsPage} */ (screen.page), { t, signal } = screen, answering = new Answering(screen);
  const fields = page.questions.map((question) => field(question, answering.get(question.name),
    (value) => answering.set(question.name, value), t, signal));
  const title = el("h1", {}, page.title), text = el("div", { class: "prose" });
  // The server makes it of Markdown and lets no markup of the author pass.
  text.innerHTML = page.html;
  screen.show(title, el("div", { class: "heading" }, title, text), el("div", { class: "form" }, ...fields.map((f) => f.element)));
  answering.closes(() => {
    const missing = fields.filter((part) => part.missing());
    if (!missing.length) return null;
    const names = listed(missing.map((part) => t("quoted", { words: part.label })), t);
    return { message: t("missing_answers", { names }), focus: () => missing[0].focus() };
  });
  return answering;
}
