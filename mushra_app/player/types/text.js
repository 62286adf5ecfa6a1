// @ts-check
// Page to read.

import { button, el } from "../dom.js";
import { NOTHING_TO_SAVE } from "../screen.js";

/** @import { Screen } from "../screen.js" */
/** @import { TextPage } from "../shapes.js" */

/** @param {Screen} screen */
export function open(screen) {
  screen.next = button(screen.t(screen.page.page ? "continue" : "start"), { class: "primary next" });
  const text = el("div", { class: "prose" });
  // The server makes it of Markdown and lets no markup of the author pass.
  text.innerHTML = /** @type {TextPage} */ (screen.page).html;
  const title = text.querySelector("h1") ?? text;
  screen.show(title, text);
  screen.next.addEventListener("click", () => screen.submit(NOTHING_TO_SAVE), { signal: screen.signal });
}
