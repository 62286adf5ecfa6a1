// A rest, which may have to last for a while.

import { el } from "../dom.js";
import { NOTHING_TO_SAVE } from "../screen.js";

// The server counts too, and its clock started when this page was asked for.
const MARGIN_MS = 500;

export function open(screen) {
  const { page, t, signal } = screen;
  const title = el("h1", {}, t("pause_title")), text = el("p", { class: "lead" });
  const clock = el("p", { class: "countdown", role: "timer" });
  const left = () => Math.max(0, page.rest_s * 1000 - (performance.now() - screen.opened) + (page.rest_s ? MARGIN_MS : 0));
  screen.show(title, el("div", { class: "heading" }, title, text), clock);
  const tick = () => {
    const seconds = Math.ceil(left() / 1000);
    clock.hidden = !seconds;
    clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    screen.next.dataset.complete = !seconds;
    const said = t(page.rest_s ? (seconds ? "pause_waits" : "pause_over") : "pause_free");
    if (text.textContent !== said) text.textContent = said;
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
