// @ts-check
// Pause, which may have a minimum length.

import { el } from "../dom.js";
import { NOTHING_TO_SAVE } from "../screen.js";

// The server counts, too; its clock starts when it answers the request for this page.
const MARGIN_MS = 500;

/** @import { Screen } from "../screen.js" */
/** @import { PausePage } from "../shapes.js" */

/** @param {Screen} screen */
export function open(screen) {
  const page = /** @type {PausePage} */ (screen.page), { t, signal } = screen;
  const title = el("h1", {}, t("pause_title")), text = el("p", { class: "lead" });
  const clock = el("p", { class: "countdown", role: "timer" });
  const left = () => Math.max(0, page.rest_s * 1000 - (performance.now() - screen.opened) + (page.rest_s ? MARGIN_MS : 0));
  screen.show(title, el("div", { class: "heading" }, title, text), clock);
  const tick = () => {
    const seconds = Math.ceil(left() / 1000);
    clock.hidden = !seconds;
    clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    screen.next.dataset.complete = String(!seconds);
    const words = t(page.rest_s ? (seconds ? "pause_waits" : "pause_over") : "pause_free");
    if (text.textContent !== words) text.textContent = words;
    if (!seconds) clearInterval(timer);
  };
  const timer = setInterval(tick, 250);
  tick();
  signal.addEventListener("abort", () => clearInterval(timer));
  screen.next.addEventListener("click", () => {
    if (!left()) return screen.submit(NOTHING_TO_SAVE);
    screen.message.textContent = t("pause_not_yet");
    return undefined;
  }, { signal });
}
