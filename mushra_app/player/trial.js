// One page of the test: loads it, plays it, rates it, saves it, closes it.

import { Board, nameOf } from "./board.js";
import { button, el, icon, relabel } from "./dom.js";
import { Engine, load } from "./engine.js";
import { helpDialog } from "./help.js";
import { Saver } from "./saving.js";
import { Waveform } from "./waveform.js";

const BASE = new URL("../../", import.meta.url).href;
const SAID = {
  saved: "Saved", saving: "Saving …", retrying: "Not saved yet, trying again …",
  refused: "Not saved: please move that slider again, or reload this page",
  conflict: "Changed in another tab or window: please reload this page",
  lost: "This browser is not known any more: please open the link of the study again",
};
// The server keeps times of up to eleven days.
const MOST_MS = 1e9;

export function mount(root, { onSubmitted }) {
  const trial = new Trial(root, onSubmitted);
  trial.ready = trial.open().catch((error) => trial.fail(error));
  root.trial = trial;
  return trial;
}

class Trial {
  constructor(root, onSubmitted) {
    this.root = root;
    this.onSubmitted = onSubmitted;
    this.stopper = new AbortController();
    this.signal = this.stopper.signal;
    this.message = el("p", { class: "message", role: "status", "aria-live": "polite" });
    this.box = el("section", { class: "trial", "aria-label": "Listening page", "aria-busy": "true" }, this.message);
    root.replaceChildren(this.box);
  }

  async open() {
    const page = (this.page = await this.ask("trial"));
    this.opened = performance.now() - page.age_ms;
    this.context = new AudioContext({ latencyHint: "interactive", sampleRate: page.sample_rate });
    const bar = el("progress", { max: page.slots.length + 1, value: 0, "aria-label": "Loading sounds" });
    this.box.append(bar);
    const addresses = [page.reference, ...page.slots].map((path) => BASE + path);
    const buffers = await load(this.context, addresses, (done, all) => {
      bar.value = done;
      this.message.textContent = `Loading sounds: ${done} of ${all}`;
    });
    if (this.signal.aborted) return;
    this.engine = new Engine(this.context, buffers, { restart: page.on_switch === "restart" });
    this.engine.onended = () => { this.account(true); this.paint(); };
    this.saver = new Saver((slot) => `${BASE}api/v1/trial/${page.page}/rating/${slot}`, (s) => this.saving(s));
    this.build(page);
  }

  fail(error) {
    if (this.signal.aborted) return;
    const again = button("Try again", { class: "primary" });
    again.addEventListener("click", () => location.reload());
    this.message.textContent = `This page could not be loaded: ${error.message}.`;
    this.box.setAttribute("aria-busy", "false");
    this.box.replaceChildren(this.message, again);
  }

  build(page) {
    const fresh = { score: null, n_plays: 0, heard_ms: 0, rating_time_ms: null, seq: 0 };
    this.states = page.slots.map((_, i) => ({ ...fresh, ...page.saved[i] }));
    const items = this.states.map((state, i) => ({ name: nameOf(i), state }));
    const on = { pick: (i) => this.select(i + 1, true), rate: (i, score) => this.rate(i, score) };
    this.board = new Board(items, on, this.signal);
    this.wave = new Waveform(this.engine, this.signal);
    this.reference = button("Reference", { class: "reference", "aria-pressed": "true" });
    this.reference.append(el("kbd", { "aria-hidden": "true" }, "0"));
    this.playButton = button("Play", { class: "play" }, "play");
    this.stopButton = button("Stop", { "aria-label": "Stop" }, "stop");
    this.repeatButton = button("Repeat", { "aria-label": "Repeat", "aria-pressed": "true" }, "repeat");
    for (const target of [this.stopButton, this.repeatButton]) target.lastChild.className = "small";
    this.wholeButton = button("Whole sentence");
    this.wave.onregion = (whole) => { this.wholeButton.hidden = whole; };
    this.clock = el("span", { class: "clock", "aria-hidden": "true" });
    this.state = el("span", { class: "state" });
    this.news = el("span", { class: "unseen", role: "status", "aria-live": "polite" });
    this.next = button(page.page + 1 === page.pages ? "Finish" : "Next page", { class: "primary next" });
    this.help = helpDialog();
    const helpButton = button("?", { class: "quiet", "aria-label": "Help", title: "Help (?)" });
    const count = `Page ${page.page + 1} of ${page.pages}`;
    const title = el("h1", { tabindex: "-1" }, page.prompt), heading = [title];
    if (page.text) heading.push(el("p", { class: "sentence" }, page.text));
    this.message.textContent = "";
    this.box.replaceChildren(
      el("header", {}, el("span", { class: "count" }, count),
        el("progress", { max: page.pages, value: page.page, "aria-label": count }), this.state, this.news, helpButton),
      el("div", { class: "heading" }, ...heading),
      this.wave.element,
      el("div", { class: "bar" }, this.reference, this.playButton, this.stopButton, this.repeatButton,
        this.wholeButton, this.clock),
      this.board.element,
      el("footer", {}, this.message, this.next), this.help);
    this.box.setAttribute("aria-busy", "false");
    this.listen(helpButton);
    this.saving("saved");
    // What was pressed to come here is gone, and the focus with it.
    title.focus({ preventScroll: true });
    this.paint();
    this.wave.draw();
    this.frame();
  }

  listen(helpButton) {
    const { signal } = this, click = (target, act) => target.addEventListener("click", act, { signal });
    click(this.reference, () => this.select(0, true));
    click(this.playButton, () => this.toggle());
    click(this.stopButton, () => { this.account(); this.engine.stop(); this.paint(); });
    click(this.wholeButton, () => this.wave.whole());
    click(this.next, () => this.submit());
    click(helpButton, () => this.help.showModal());
    click(this.repeatButton, () => {
      this.engine.setRepeat(!this.engine.repeat);
      this.repeatButton.setAttribute("aria-pressed", String(this.engine.repeat));
    });
    document.addEventListener("keydown", (event) => this.key(event), { signal, capture: true });
    addEventListener("pagehide", () => { this.account(); this.saver.leave(); }, { signal });
    addEventListener("beforeunload", (event) => { if (this.saver.pending) event.preventDefault(); }, { signal });
  }

  key(event) {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || this.help.open) return;
    if (target.matches?.("textarea, select, input:not([type=range]), [contenteditable]")) return;
    const acts = {
      "?": () => this.help.showModal(), "[": () => this.wave.mark("start"),
      "]": () => this.wave.mark("end"), "\\": () => this.wave.whole(),
    };
    if (!target.matches?.(".handle")) {
      acts.ArrowLeft = () => this.select(Math.max(0, this.engine.current - 1), true);
      acts.ArrowRight = () => this.select(Math.min(this.states.length, this.engine.current + 1), true);
    }
    // On every other button the space bar keeps its meaning: press that button.
    if (!target.matches?.("button:not(.pick, .reference, .play)")) acts[" "] = () => this.toggle();
    if (/^[0-9]$/.test(key) && Number(key) <= this.states.length) acts[key] = () => this.select(Number(key), true);
    if (!acts[key]) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat || key.startsWith("Arrow")) acts[key]();
  }

  // Index 0 is the reference, the rest are the versions; `sound` starts playing.
  select(index, sound = false) {
    this.account();
    const other = index !== this.engine.current;
    this.engine.select(index);
    if (other && this.engine.playing) this.count();
    if (sound && !this.engine.playing) this.toggle();
    this.paint();
    const item = this.board.items[index - 1];
    if (item) item.slider.focus({ preventScroll: true });
  }

  toggle() {
    this.account();
    if (this.engine.playing) this.engine.pause();
    else {
      // Browsers let sound start only from a gesture, such as the one that led here.
      this.context.resume();
      this.engine.play();
      this.count();
    }
    this.paint();
  }

  count() {
    const state = this.states[this.engine.current - 1];
    this.since = performance.now();
    if (!state) return;
    state.n_plays += 1;
    this.saver.change(this.engine.current - 1, state, 1000);
  }

  // Adds the time since the last call to what is being heard.
  account(ended = false) {
    const state = this.states?.[this.engine.current - 1], time = performance.now();
    if (state && this.since && (ended || this.engine.playing)) state.heard_ms += Math.round(time - this.since);
    this.since = time;
  }

  rate(i, score) {
    const state = this.states[i];
    this.account();
    state.score = score;
    state.rating_time_ms = Math.min(MOST_MS, Math.max(0, Math.round(performance.now() - this.opened)));
    this.saver.change(i, state);
    this.message.textContent = "";
    this.paint();
  }

  paint() {
    const playing = this.engine.playing;
    relabel(this.playButton, playing ? "Pause" : "Play", playing ? "pause" : "play");
    this.reference.setAttribute("aria-pressed", String(this.engine.current === 0));
    this.box.dataset.playing = playing;
    this.board.paint(this.engine.current - 1);
    this.next.dataset.complete = this.missing().length === 0;
  }

  saving(state) {
    this.state.dataset.state = state;
    if (this.state.title !== SAID[state]) this.state.replaceChildren(icon(state), el("span", {}, SAID[state]));
    this.state.title = SAID[state];
    // Spoken: trouble and its end. Every single "Saved" would talk over the sounds.
    const before = this.news.textContent;
    const spoken = state !== "saving" && (state !== "saved" || before);
    if (spoken && before !== SAID[state]) this.news.textContent = SAID[state];
  }

  missing() {
    return this.board.items.filter(({ state }) => state.score === null || state.n_plays === 0);
  }

  async submit() {
    const missing = this.missing();
    if (missing.length) {
      const names = missing.map((item) => item.name);
      const list = names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0];
      this.message.textContent = `Not yet: please listen to and rate ${list}.`;
      missing[0].pick.focus();
      return;
    }
    if (this.submitting) return;
    this.submitting = true;
    this.account();
    this.engine.pause();
    this.states.forEach((state, i) => this.saver.change(i, state, 0));
    this.paint();
    try {
      const saved = await this.saver.flush();
      if (!saved && this.saver.ended === "conflict") await this.goOn();
      else if (!saved) throw new Error("ratings");
      else this.onSubmitted(await this.ask(`trial/${this.page.page}/submit`, { method: "POST" }));
    } catch {
      this.message.textContent = this.saver.ended ? SAID[this.saver.ended]
        : "This page is not saved yet. Please press the button again in a moment.";
    } finally {
      this.submitting = false;
    }
  }

  // The answer to an earlier press may have been lost, or another tab was faster: then this page is
  // closed already, and the next one is to come.
  async goOn() {
    const where = await this.ask("session");
    if (where.stage === "trial" && where.page === this.page.page) throw new Error("conflict");
    this.onSubmitted(where);
  }

  async ask(path, options = {}) {
    const response = await fetch(`${BASE}api/v1/${path}`, { credentials: "same-origin", cache: "no-store", ...options });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return response.json();
  }

  frame() {
    if (this.signal.aborted) return;
    this.wave.move();
    const all = this.engine.length / this.context.sampleRate;
    this.clock.textContent = `${this.engine.position().toFixed(1)} / ${all.toFixed(1)} s`;
    requestAnimationFrame(() => this.frame());
  }

  destroy() {
    if (this.signal.aborted) return;
    this.stopper.abort();
    this.saver?.close();
    this.context?.close();
    this.root.replaceChildren();
  }
}
