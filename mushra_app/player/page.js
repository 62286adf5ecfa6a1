// The sheets around the trial: whoever comes to a new one, hears or reads on from its heading; from
// those on which a sitting ends or rests, the listener still reaches what is stored.

import { el } from "./dom.js";
import { menu } from "./menu.js";
import { texts } from "./texts.js";

const RESTING = "declined closed done screened_out withdrawn".split(" ").map((stage) => `.stage-${stage}`).join(", ");
const language = new URL(import.meta.url).searchParams.get("language");
let shown = null;

function follow() {
  // The shell sets the language of the browser; the words are those of the study.
  if (document.documentElement.lang !== language) document.documentElement.lang = language;
  // A trial has a heading of its own, and changes with every frame.
  if (document.querySelector("section.trial")) { shown = null; return; }
  const heading = [...document.querySelectorAll(".sheet h1")].find((h) => h.offsetParent) ?? null;
  // The shell may draw a heading anew, or before it can be focused: then the focus is nowhere.
  if (heading === shown && document.activeElement !== document.body) return;
  shown = heading;
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  const sheet = heading.closest(RESTING);
  if (sheet) offer(sheet);
}

async function offer(sheet) {
  const t = await texts(language);
  if (sheet.querySelector(".sheet-menu")) return;
  const host = document.querySelector("body > .trial") ?? document.body.appendChild(el("div", { class: "trial sheet-menu-host" }));
  host.replaceChildren();
  const ended = sheet.matches(".stage-withdrawn") ? null : () => location.reload();
  sheet.append(el("div", { class: "sheet-menu" }, menu({ t, language, host, ended })));
}

new MutationObserver(follow).observe(document.documentElement, { childList: true, subtree: true, attributes: true });
