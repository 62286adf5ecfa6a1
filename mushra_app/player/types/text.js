// A page to read.

import { button, el } from "../dom.js";
import { NOTHING_TO_SAVE } from "../screen.js";

export function open(screen) {
  screen.next = button(screen.t(screen.page.page ? "continue" : "start"), { class: "primary next" });
  const text = el("div", { class: "prose" });
  // The server made it of Markdown in which no markup of the author's passes.
  text.innerHTML = screen.page.html;
  const title = text.querySelector("h1") ?? text;
  screen.show(title, text);
  screen.next.addEventListener("click", () => screen.submit(NOTHING_TO_SAVE), { signal: screen.signal });
}
