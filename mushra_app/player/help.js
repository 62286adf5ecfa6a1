// @ts-check
// Help dialog: purpose of the page, and every key.

import { button, el } from "./dom.js";

/** @import { RatingPage, Translate } from "./shapes.js" */

const KEYS = ["space", "reference", "digits", "leftright", "updown", "confirm", "region", "whole", "help"];
// Keys that work with sliders only.
const OF_SLIDERS = ["updown", "confirm"];

/**
 * @param {Translate} t
 * @param {RatingPage} page
 */
export function helpDialog(t, page) {
  const sliders = page.kind.startsWith("mushra");
  const keys = KEYS.filter((key) => (page.reference || key !== "reference") && (sliders || !OF_SLIDERS.includes(key)));
  const rows = keys.map((key) => el("div", {}, el("dt", {}, el("kbd", {}, t(`key_${key}_keys`))), el("dd", {}, t(`key_${key}`))));
  const close = button(t("close"), { class: "primary" });
  const dialog = el("dialog", { class: "help", "aria-label": t("help") },
    el("h2", {}, t("help_title")), el("p", {}, t(`help_${page.kind}`)), el("dl", {}, ...rows), close);
  close.addEventListener("click", () => dialog.close());
  return dialog;
}
