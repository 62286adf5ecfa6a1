// @ts-check
// Page on which speech is heard and rated: loads and plays sounds, saves answers, closes the page.

import { BASE } from "./base.js";
import { button, el, relabel } from "./dom.js";
import { Engine, load } from "./engine.js";
import { Glitches } from "./glitches.js";
import { helpDialog } from "./help.js";
import { Saver } from "./saving.js";
import { Waveform } from "./waveform.js";

/** @import { Screen } from "./screen.js" */
/** @import { Chosen, RatingBoard, RatingPage, State } from "./shapes.js" */

// The server keeps times of up to eleven days.
const MOST_MS = 1e9;

/**
 * Returns A, B, C ..., AA, AB ...
 * @param {number} i
 * @returns {string}
 */
export const nameOf = (i) => (i < 26 ? "" : nameOf(Math.floor(i / 26) - 1)) + String.fromCharCode(65 + (i % 26));

/**
 * Opens a rating page.
 * @param {Screen} screen
 * @param {(listening: Listening) => RatingBoard} make builds the part with the versions
 */
export async function listen(screen, make) {
  const listening = new Listening(screen);
  screen.root.trial = listening;
  await listening.load();
  if (!screen.signal.aborted) listening.build(make);
  return listening;
}

export class Listening {
  /** @type {AudioContext} */
  context;
  /** @type {Engine} */
  engine;
  /** @type {Glitches} */
  glitches;
  /** @type {Saver} */
  saver;
  /** @type {RatingBoard} */
  board;
  /** @type {Waveform} */
  wave;
  /** @type {HTMLDialogElement} */
  help;
  /** @type {HTMLButtonElement | null} */
  reference = null;
  /** @type {HTMLButtonElement} */
  playButton;
  /** @type {HTMLButtonElement} */
  stopButton;
  /** @type {HTMLButtonElement} */
  repeatButton;
  /** @type {HTMLButtonElement} */
  wholeButton;
  /** @type {HTMLElement} */
  clock;
  /** Time up to which listening is counted, ms. @type {number | undefined} */
  since;

  /** @param {Screen} screen */
  constructor(screen) {
    this.screen = screen;
    this.page = /** @type {RatingPage} */ (screen.page);
    this.t = screen.t;
    this.signal = screen.signal;
    this.box = screen.box;
    this.opened = screen.opened;
    // Sound 0 of the engine is the open reference, where there is one.
    this.first = this.page.reference ? 1 : 0;
    /** @type {State} */
    const fresh = { score: null, n_plays: 0, heard_ms: 0, rating_time_ms: null, seq: 0 };
    this.states = this.page.slots.map((_, i) => ({ ...fresh, ...this.page.saved[i] }));
    this.names = this.page.slots.map((_, i) => nameOf(i));
    /** @type {Chosen} */
    this.chosen = { ...this.page.chosen };
  }

  async load() {
    const { page, screen, t } = this;
    this.context = new AudioContext({ latencyHint: "interactive", sampleRate: page.sample_rate });
    const paths = [...(page.reference ? [page.reference] : []), ...page.slots];
    const bar = el("progress", { max: paths.length, value: 0, "aria-label": t("loading_label") });
    this.box.append(bar);
    const buffers = await load(this.context, paths.map((path) => BASE + path), (done, all) => {
      bar.value = done;
      screen.message.textContent = t("loading", { done, all });
    });
    if (this.signal.aborted) return;
    this.engine = new Engine(this.context, buffers, { restart: page.on_switch === "restart" });
    this.glitches = new Glitches(this.context);
    this.engine.master.gain.value = page.loudness ?? 1;
    this.engine.onended = () => { this.account(true); this.log("ended"); this.paint(); };
    const address = (/** @type {string | number} */ slot) => `${BASE}api/v1/page/${page.page}/${slot === "choice" ? slot : `rating/${slot}`}`;
    this.saver = new Saver(address, (state) => screen.saving(state));
    this.log("loaded", { rate: this.context.sampleRate, latency: this.context.outputLatency ?? null });
  }

  /** @param {(listening: Listening) => RatingBoard} make */
  build(make) {
    const { page, screen, t } = this;
    this.board = make(this);
    this.wave = new Waveform(this.engine, this.signal, t, Boolean(page.reference));
    this.buttons();
    const title = el("h1", {}, page.prompt), heading = [title];
    if (page.attention !== null) heading.push(el("p", { class: "attention" }, this.board.attention(page.attention)));
    if (page.text) heading.push(el("p", { class: "sentence" }, page.text));
    const bar = [this.reference, this.playButton, this.stopButton, this.repeatButton, this.wholeButton, this.clock];
    screen.show(title, el("div", { class: "heading" }, ...heading), this.wave.element,
      el("div", { class: "bar" }, ...bar.filter((part) => part !== null)), this.board.element);
    this.help = helpDialog(t, page);
    this.box.append(this.help);
    const helpButton = button("?", { class: "quiet", "aria-label": t("help"), title: `${t("help")} (?)` });
    screen.corner.prepend(helpButton);
    this.listen(helpButton);
    this.paint();
    this.wave.draw();
    this.frame();
  }

  buttons() {
    const { t } = this;
    this.reference = this.first ? button(t("reference"), { class: "reference", "aria-pressed": "true" }) : null;
    this.reference?.append(el("kbd", { "aria-hidden": "true" }, "0"));
    this.playButton = button(t("play"), { class: "play" }, "play");
    this.stopButton = button(t("stop"), { "aria-label": t("stop") }, "stop");
    this.repeatButton = button(t("repeat"), { "aria-label": t("repeat"), "aria-pressed": "true" }, "repeat");
    for (const target of [this.stopButton, this.repeatButton]) target.querySelector("span")?.classList.add("small");
    this.wholeButton = button(t("whole"));
    this.wave.onregion = (whole) => { this.wholeButton.hidden = whole; };
    this.wave.onset = (start, end) => this.log("loop", { start, end });
    this.clock = el("span", { class: "clock", "aria-hidden": "true" });
  }

  /** @param {HTMLElement} helpButton */
  listen(helpButton) {
    const { signal } = this;
    const click = (/** @type {HTMLElement | null} */ target, /** @type {() => void} */ act) =>
      target?.addEventListener("click", act, { signal });
    click(this.reference, () => this.select(0, true));
    click(this.playButton, () => this.toggle());
    click(this.stopButton, () => { this.account(); this.engine.stop(); this.log("stop"); this.paint(); });
    click(this.wholeButton, () => this.wave.whole());
    click(this.screen.next, () => this.submit());
    click(helpButton, () => this.help.showModal());
    click(this.repeatButton, () => {
      this.engine.setRepeat(!this.engine.repeat);
      this.repeatButton.setAttribute("aria-pressed", String(this.engine.repeat));
      this.log("repeat", { on: this.engine.repeat });
    });
    document.addEventListener("keydown", (event) => this.key(event), { signal, capture: true });
    addEventListener("pagehide", () => { this.account(); this.saver.leave(); }, { signal });
    addEventListener("beforeunload", (event) => { if (this.saver.pending) event.preventDefault(); }, { signal });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { key } = event, target = event.target instanceof Element ? event.target : null;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (target?.matches("textarea, select, input:not([type=range], [type=radio]), [contenteditable]")) return;
    /** @type {Record<string, () => void>} */
    const acts = {
      "?": () => this.help.showModal(), "[": () => this.wave.mark("start"),
      "]": () => this.wave.mark("end"), "\\": () => this.wave.whole(),
    };
    const last = this.first + this.states.length - 1;
    if (!target?.matches(".handle, [type=radio]")) {
      acts.ArrowLeft = () => this.select(Math.max(0, this.engine.current - 1), true);
      acts.ArrowRight = () => this.select(Math.min(last, this.engine.current + 1), true);
    }
    // On every other button the space bar presses that button, as usual.
    if (!target?.matches("button:not(.pick, .reference, .play), [type=radio]")) acts[" "] = () => this.toggle();
    const digit = /^[0-9]$/.test(key) ? Number(key) - 1 + this.first : -1;
    if (digit >= 0 && digit <= last) acts[key] = () => this.select(digit, true);
    if (!acts[key]) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat || key.startsWith("Arrow")) acts[key]();
  }

  /** Index of the version that is selected, or -1 for the open reference. */
  get version() {
    return this.engine.current - this.first;
  }

  /**
   * @param {number} index of the engine's sound
   * @param {boolean} sound true to start playing
   */
  select(index, sound = false) {
    this.account();
    const other = index !== this.engine.current;
    this.engine.select(index);
    if (other) this.log("switch", { to: this.version });
    if (other && this.engine.playing) this.count();
    if (sound && !this.engine.playing) this.toggle();
    this.paint();
    this.board.versions[this.version]?.focus();
  }

  toggle() {
    this.account();
    if (this.engine.playing) this.engine.pause();
    else {
      // Browsers start sound only after a click or key, such as the one that called this.
      this.context.resume();
      this.engine.play();
      this.count();
    }
    this.log(this.engine.playing ? "play" : "pause", { version: this.version, at: this.engine.position() });
    this.paint();
  }

  count() {
    const state = this.states[this.version];
    this.since = performance.now();
    if (!state) return;
    state.n_plays += 1;
    this.saver.change(this.version, state, 1000);
  }

  /**
   * Adds the time since the last call to the version that is being heard.
   * @param {boolean} ended true if the sound has just ended
   */
  account(ended = false) {
    const state = this.states[this.version], time = performance.now();
    if (state && this.since && (ended || this.engine.playing)) state.heard_ms += Math.round(time - this.since);
    this.since = time;
  }

  /**
   * @param {number} i
   * @param {number} score
   */
  rate(i, score) {
    this.account();
    Object.assign(this.states[i], { score, rating_time_ms: this.time() });
    this.saver.change(i, this.states[i]);
    this.log("rate", { version: i, score });
    this.answered();
  }

  /** @param {Chosen["choice"]} choice */
  choose(choice) {
    this.account();
    Object.assign(this.chosen, { choice, rating_time_ms: this.time() });
    this.saver.change("choice", this.chosen);
    this.log("choose", { choice });
    this.answered();
  }

  answered() {
    this.screen.message.textContent = "";
    this.paint();
  }

  time() {
    return Math.min(MOST_MS, Math.max(0, Math.round(performance.now() - this.opened)));
  }

  /**
   * @param {string} kind
   * @param {Record<string, unknown>} [data]
   */
  log(kind, data) {
    this.screen.journal.add(kind, data);
  }

  paint() {
    const playing = this.engine.playing;
    relabel(this.playButton, this.t(playing ? "pause" : "play"), playing ? "pause" : "play");
    this.reference?.setAttribute("aria-pressed", String(this.engine.current === 0));
    this.box.dataset.playing = String(playing);
    this.board.paint(this.version);
    this.screen.next.dataset.complete = String(this.board.missing() === null);
  }

  async submit() {
    const missing = this.board.missing();
    if (missing) {
      this.screen.message.textContent = missing.message;
      missing.focus();
      return;
    }
    this.account();
    this.engine.pause();
    this.log("audio", { glitches: this.glitches.count, lost_s: this.glitches.lost });
    this.states.forEach((state, i) => this.saver.change(i, state, 0));
    this.paint();
    await this.screen.submit(this.saver);
  }

  frame() {
    if (this.signal.aborted) return;
    this.wave.move();
    this.glitches.look();
    const all = this.engine.length / this.context.sampleRate;
    this.clock.textContent = `${this.engine.position().toFixed(1)} / ${all.toFixed(1)} s`;
    requestAnimationFrame(() => this.frame());
  }

  close() {
    this.saver?.close();
    this.context?.close();
  }
}
