// @ts-check
// Headphone check: three sounds in each round, one of which is the answer.

import { Answering } from "../form_answers.js";
import { Answers } from "../choice_row.js";
import { BASE } from "../base.js";
import { button, el, relabel } from "../dom.js";
import { load } from "../engine.js";

/** @import { Screen } from "../screen.js" */
/** @import { HeadphonesPage } from "../shapes.js" */

// Between two sounds, and before the first, s.
const GAP = 0.5;
const LEAD = 0.1;

/** @param {Screen} screen */
export async function open(screen) {
  const page = /** @type {HeadphonesPage} */ (screen.page), { t } = screen, context = new AudioContext({ latencyHint: "interactive" });
  const sounds = await load(context, page.sounds.map((path) => BASE + path), (done, all) => {
    screen.message.textContent = t("loading", { done, all });
  });
  return new Headphones(screen, context, sounds);
}

class Headphones {
  /**
   * @param {Screen} screen
   * @param {AudioContext} context
   * @param {AudioBuffer[]} sounds
   */
  constructor(screen, context, sounds) {
    this.screen = screen;
    this.page = /** @type {HeadphonesPage} */ (screen.page);
    this.context = context;
    this.sounds = sounds;
    this.answering = new Answering(screen);
    /** Sounds that play now, with their times in the context, s. @type {{source: AudioBufferSourceNode, from: number, to: number}[]} */
    this.playing = [];
    const { page } = this, { t, signal } = screen;
    /** @type {Record<string, number>} */
    const counts = {};
    this.names = page.rounds.map((method) => `${method}_${(counts[method] = (counts[method] ?? 0) + 1)}`);
    const open = this.names.findIndex((name) => this.answering.get(name) === null);
    this.round = open < 0 ? page.rounds.length - 1 : open;
    this.heard = open < 0;
    const title = el("h1", {}, t("headphones_title"));
    this.task = el("p", { class: "lead", "aria-live": "polite" });
    this.count = el("p", { class: "soft" });
    this.play = button(t("play"), { class: "play" }, "play");
    const choices = Array.from({ length: page.each }, (_, i) => ({ value: i, label: t("sound_number", { number: i + 1 }) }));
    this.answers = new Answers(t("headphones_title"), choices, () => this.answering.get(this.name), (value) => this.choose(value), signal);
    screen.next = button(t("next_round"), { class: "primary next" });
    screen.show(title, el("div", { class: "heading" }, title, el("p", { class: "lead" }, t("headphones_text"))),
      el("div", { class: "round" }, this.count, this.task, this.play, this.answers.element));
    this.play.addEventListener("click", () => this.start(), { signal });
    screen.next.addEventListener("click", () => this.advance(), { signal });
    document.addEventListener("keydown", (event) => this.key(event), { signal });
    this.paint();
    this.frame();
  }

  get name() {
    return this.names[this.round];
  }

  get last() {
    return this.round === this.names.length - 1;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const onControl = event.target instanceof Element && event.target.matches("button, input");
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const number = Number(event.key) - 1;
    if (this.heard && /^[1-9]$/.test(event.key) && number < this.answers.inputs.length) this.choose(number);
    else if (event.key === " " && !onControl) this.start();
    else return;
    event.preventDefault();
  }

  start() {
    if (this.playing.length) return;
    this.context.resume();
    const gain = new GainNode(this.context, { gain: this.page.loudness ?? 1 });
    gain.connect(this.context.destination);
    let time = this.context.currentTime + LEAD;
    const { each } = this.page, sounds = this.sounds.slice(this.round * each, (this.round + 1) * each);
    this.playing = sounds.map((buffer) => {
      const source = new AudioBufferSourceNode(this.context, { buffer }), from = time;
      source.connect(gain);
      source.start(from);
      time += buffer.duration + GAP;
      return { source, from, to: from + buffer.duration };
    });
    this.playing[each - 1].source.onended = () => this.ended();
    this.screen.journal.add("play", { round: this.round });
    this.paint();
  }

  ended() {
    if (this.screen.signal.aborted) return;
    this.playing = [];
    this.heard = true;
    this.paint();
    // The answer comes next: the focus leaves the button that was pressed.
    if (document.activeElement === this.play || document.activeElement === document.body) this.answers.focus();
  }

  /** @param {number} value */
  choose(value) {
    this.answering.set(this.name, value);
    this.screen.journal.add("choose", { round: this.round });
    this.paint();
  }

  advance() {
    if (this.answering.get(this.name) === null) {
      this.screen.message.textContent = this.screen.t("headphones_missing");
      (this.heard ? this.answers : this.play).focus();
    } else if (this.last) {
      this.screen.submit(this.answering.saver);
    } else {
      this.round += 1;
      this.heard = false;
      this.paint();
      this.play.focus();
    }
  }

  paint() {
    const { screen, page } = this, { t } = screen;
    this.count.textContent = t("round_of", { round: this.round + 1, rounds: this.names.length });
    const task = t(`headphones_${page.rounds[this.round]}`);
    if (this.task.textContent !== task) this.task.textContent = task;
    relabel(this.play, t(this.playing.length ? "plays" : this.heard ? "play_again" : "play"), "play");
    this.play.setAttribute("aria-disabled", String(this.playing.length > 0));
    this.answers.paint(this.heard);
    relabel(screen.next, t(this.last ? "continue" : "next_round"));
    screen.next.dataset.complete = String(this.answering.get(this.name) !== null);
  }

  /** Marks the sound that is heard now. */
  frame() {
    if (this.screen.signal.aborted) return;
    const time = this.context.currentTime;
    this.answers.rows.forEach((row, i) => {
      const { from, to } = this.playing[i] ?? { from: 0, to: -1 };
      row.dataset.heard = String(from <= time && time < to);
    });
    requestAnimationFrame(() => this.frame());
  }

  close() {
    this.answering.close();
    this.context.close();
  }
}
