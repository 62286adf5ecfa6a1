// What is stored of a listener, as a list to read.

import { el } from "./dom.js";

export function stored(mine, t, language) {
  const time = (value) => new Date(value).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
  const number = (value) => value.toLocaleString(language);
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

function listOf(texts) {
  return el("ul", {}, ...texts.map((text) => el("li", {}, text)));
}

function listOfAnswers(pages) {
  const said = (value) => (Array.isArray(value) ? value.join(", ") : String(value));
  return listOf(pages.flatMap((page) => Object.entries(page).map(([name, value]) => `${name}: ${said(value)}`)));
}
