// The check for headphones: three sounds a round, of which one is to be named.

import { Answering } from "../answering.js";
import { Answers } from "../answers.js";
import { button, el, relabel } from "../dom.js";
import { load } from "../engine.js";
import { BASE } from "../screen.js";

const GAP = 0.5;
const LEAD = 0.1;

export async function open(screen) {
  const { page, t } = screen, context = new AudioContext({ latencyHint: "interactive" });
  const sounds = await load(context, page.sounds.map((path) => BASE + path), (done, all) => {
    screen.message.textContent = t("loading", { done, all });
  });
  return new Headphones(screen, context, sounds);
}

class Headphones {
  constructor(screen, context, sounds) {
    Object.assign(this, { screen, context, sounds, answering: new Answering(screen), heard: false, playing: [] });
    const { page, t, signal } = screen;
    this.counted = {};
    this.names = page.rounds.map((method) => `${method}_${(this.counted[method] = (this.counted[method] ?? 0) + 1)}`);
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
    screen.next.addEventListener("click", () => this.goOn(), { signal });
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

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const number = Number(event.key) - 1;
    if (this.heard && /^[1-9]$/.test(event.key) && number < this.answers.inputs.length) this.choose(number);
    else if (event.key === " " && !event.target.matches?.("button, input")) this.start();
    else return;
    event.preventDefault();
  }

  start() {
    if (this.playing.length) return;
    this.context.resume();
    const gain = new GainNode(this.context, { gain: this.screen.page.loudness ?? 1 });
    gain.connect(this.context.destination);
    let time = this.context.currentTime + LEAD;
    const { each } = this.screen.page, own = this.sounds.slice(this.round * each, (this.round + 1) * each);
    this.playing = own.map((buffer) => {
      const source = new AudioBufferSourceNode(this.context, { buffer }), from = time;
      source.connect(gain);
      source.start(from);
      time += buffer.duration + GAP;
      return { source, from, to: from + buffer.duration };
    });
    this.playing.at(-1).source.onended = () => this.ended();
    this.screen.journal.add("play", { round: this.round });
    this.paint();
  }

  ended() {
    if (this.screen.signal.aborted) return;
    this.playing = [];
    this.heard = true;
    this.paint();
    // The button that was pressed has done its work; what comes next is the answer.
    if (document.activeElement === this.play || document.activeElement === document.body) this.answers.focus();
  }

  choose(value) {
    this.answering.set(this.name, value);
    this.screen.journal.add("choose", { round: this.round });
    this.paint();
  }

  goOn() {
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
    const { screen } = this, { t, page } = screen;
    this.count.textContent = t("round_of", { round: this.round + 1, rounds: this.names.length });
    const task = t(`headphones_${page.rounds[this.round]}`);
    if (this.task.textContent !== task) this.task.textContent = task;
    relabel(this.play, t(this.playing.length ? "plays" : this.heard ? "play_again" : "play"), "play");
    this.play.setAttribute("aria-disabled", String(this.playing.length > 0));
    this.answers.paint(this.heard);
    relabel(screen.next, t(this.last ? "continue" : "next_round"));
    screen.next.dataset.complete = this.answering.get(this.name) !== null;
  }

  // Shows which of the sounds is heard now.
  frame() {
    if (this.screen.signal.aborted) return;
    const time = this.context.currentTime;
    this.answers.inputs.forEach((input, i) => {
      const { from, to } = this.playing[i] ?? { from: 0, to: -1 };
      input.parentElement.dataset.heard = from <= time && time < to;
    });
    requestAnimationFrame(() => this.frame());
  }

  close() {
    this.answering.close();
    this.context.close();
  }
}
