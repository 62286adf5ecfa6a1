// @ts-check
// List of the data that is stored about a listener.

import { el } from "./dom.js";

/** @import { Stored, Translate } from "./shapes.js" */

/**
 * @param {Stored} mine
 * @param {Translate} t
 * @param {string} language
 */
export function stored(mine, t, language) {
  const time = (/** @type {string} */ value) =>
    new Date(value).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
  const number = (/** @type {number} */ value) => value.toLocaleString(language);
  /** @type {Record<string, (value: any) => string | HTMLElement>} */
  const shown = {
    started: time, ended: time, consent_at: time, consent_version: String, platform_id: String,
    device: (value) => t(`device_${value}`), headphones: (value) => t(`headphones_${value}`),
    loudness: (value) => `${number(Math.round(200 * Math.log10(value)) / 10)} dB`,
    ratings: number, preferences: number, events: number, answers: listOfAnswers, remarks: listOf,
  };
  const rows = Object.entries(shown).filter(([key]) => mine[key] !== null && mine[key].length !== 0)
    .map(([key, show]) => el("div", {}, el("dt", {}, t(`stored_${key}`)), el("dd", {}, show(mine[key]))));
  return el("dl", { class: "stored" }, ...rows);
}

/** @param {string[]} texts */
function listOf(texts) {
  return el("ul", {}, ...texts.map((text) => el("li", {}, text)));
}

/** @param {Record<string, unknown>[]} pages */
function listOfAnswers(pages) {
  const text = (/** @type {unknown} */ value) => (Array.isArray(value) ? value.join(", ") : String(value));
  return listOf(pages.flatMap((page) => Object.entries(page).map(([name, value]) => `${name}: ${text(value)}`)));
}
