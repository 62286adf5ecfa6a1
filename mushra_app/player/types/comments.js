// @ts-check
// Text field for remarks about the whole test.

import { Answering } from "../form_answers.js";
import { el } from "../dom.js";

/** @import { Screen } from "../screen.js" */
/** @import { CommentsPage } from "../shapes.js" */

/** @param {Screen} screen */
export function open(screen) {
  const page = /** @type {CommentsPage} */ (screen.page), { t, signal } = screen, answering = new Answering(screen);
  const title = el("h1", {}, t("comments_title"));
  const words = el("textarea", { id: "comments", rows: 8, maxlength: page.longest });
  words.value = String(answering.get("comments") ?? "");
  words.addEventListener("input", () => answering.set("comments", words.value.trim() ? words.value : null), { signal });
  screen.show(title, el("div", { class: "heading" }, title),
    el("div", { class: "form" }, el("div", { class: "field" }, el("label", { for: "comments" }, t("comments_text")), words)));
  answering.closes(() => null);
  return answering;
}
