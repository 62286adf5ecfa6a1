// @ts-check
// Sheets around the trial. A new sheet moves the focus to its heading, so that it is read out from
// there; sheets that end or pause a sitting have a menu with the stored data.

import { el } from "./dom.js";
import { menu } from "./menu.js";
import { texts } from "./texts.js";

const RESTING = "declined closed done screened_out withdrawn".split(" ").map((stage) => `.stage-${stage}`).join(", ");
// The server's page names the language in this module's address.
const language = String(new URL(import.meta.url).searchParams.get("language"));
/** @type {HTMLElement | null} */
let shown = null;

function follow() {
  // Gradio sets the language of the browser; the texts are in the language of the study.
  if (document.documentElement.lang !== language) document.documentElement.lang = language;
  // A trial has its own heading, and changes with every frame.
  if (document.querySelector("section.trial")) { shown = null; return; }
  /** @type {NodeListOf<HTMLElement>} */
  const headings = document.querySelectorAll(".sheet h1");
  const heading = [...headings].find((h) => h.offsetParent) ?? null;
  // Gradio may replace a heading, or draw it before it can be focused: then nothing has the focus.
  if (heading === shown && document.activeElement !== document.body) return;
  shown = heading;
  if (!heading) return;
  // Also the same value is a change, which calls this function again: for ever, if no focus is taken.
  if (!heading.hasAttribute("tabindex")) heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  const sheet = heading.closest(RESTING);
  if (sheet) offer(sheet);
}

/** @param {Element} sheet */
async function offer(sheet) {
  const t = await texts(language);
  if (sheet.querySelector(".sheet-menu")) return;
  const host = document.querySelector("body > .trial") ?? document.body.appendChild(el("div", { class: "trial sheet-menu-host" }));
  host.replaceChildren();
  const ended = sheet.matches(".stage-withdrawn") ? null : () => location.reload();
  sheet.append(el("div", { class: "sheet-menu" }, menu({ t, language, host, ended })));
}

new MutationObserver(follow).observe(document.documentElement, { childList: true, subtree: true, attributes: true });
// Over a slow line this module may come last: nothing changes any more.
follow();
