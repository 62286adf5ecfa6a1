// @ts-check
// Comfortable loudness: repeated speech and a slider.

import { Answering } from "../form_answers.js";
import { BASE } from "../base.js";
import { button, el, relabel } from "../dom.js";
import { load } from "../engine.js";

/** @import { Screen } from "../screen.js" */
/** @import { LoudnessPage } from "../shapes.js" */

// Time constant of a change, s.
const SMOOTH = 0.02;

/** @param {Screen} screen */
export async function open(screen) {
  const page = /** @type {LoudnessPage} */ (screen.page);
  const context = new AudioContext({ latencyHint: "interactive" });
  const [sound] = await load(context, page.sounds.map((path) => BASE + path), () => {});
  return new Loudness(screen, context, sound);
}

class Loudness {
  /** @type {AudioBufferSourceNode | null} */
  source = null;

  /**
   * @param {Screen} screen
   * @param {AudioContext} context
   * @param {AudioBuffer} sound
   */
  constructor(screen, context, sound) {
    this.screen = screen;
    this.context = context;
    this.sound = sound;
    this.answering = new Answering(screen);
    const page = /** @type {LoudnessPage} */ (screen.page), { t, signal } = screen;
    this.gain = context.createGain();
    this.gain.connect(context.destination);
    const title = el("h1", {}, t("loudness_title"));
    this.play = button(t("play"), { class: "play" }, "play");
    this.slider = el("input", {
      type: "range", min: page.min_db, max: page.max_db, step: 0.5, "aria-label": t("loudness_title"),
      value: this.answering.get("gain_db") ?? page.start_db,
    });
    this.output = el("output", { "aria-hidden": "true" });
    screen.show(title, el("div", { class: "heading" }, title, el("p", { class: "lead" }, t("loudness_text"))),
      el("div", { class: "loudness" }, this.play, el("div", { class: "wide-slider" },
        el("span", { "aria-hidden": "true" }, t("quieter")), this.slider, el("span", { "aria-hidden": "true" }, t("louder")), this.output)));
    this.play.addEventListener("click", () => this.toggle(), { signal });
    this.slider.addEventListener("input", () => { this.paint(); if (this.played) this.keep(); }, { signal });
    // A listener who returns with a setting has heard it.
    this.played = this.answering.get("gain_db") !== null;
    this.answering.closes(() => (this.played ? null : { message: t("loudness_missing"), focus: () => this.play.focus() }));
    this.paint();
  }

  get decibels() {
    return Number(this.slider.value);
  }

  keep() {
    this.answering.set("gain_db", this.decibels);
  }

  toggle() {
    if (this.source) {
      this.source.stop();
      this.source = null;
    } else {
      this.context.resume();
      this.source = new AudioBufferSourceNode(this.context, { buffer: this.sound, loop: true });
      this.source.connect(this.gain);
      this.source.start();
      if (!this.played) this.keep();
      this.played = true;
    }
    this.screen.journal.add(this.source ? "play" : "stop");
    this.paint();
  }

  paint() {
    const { t } = this.screen, level = `${this.decibels.toFixed(1).replace("-", "−")} dB`;
    relabel(this.play, t(this.source ? "stop" : "play"), this.source ? "stop" : "play");
    this.gain.gain.setTargetAtTime(10 ** (this.decibels / 20), this.context.currentTime, SMOOTH);
    this.output.textContent = level;
    this.slider.setAttribute("aria-valuetext", level);
    this.screen.next.dataset.complete = String(Boolean(this.played));
  }

  close() {
    this.answering.close();
    this.context.close();
  }
}
