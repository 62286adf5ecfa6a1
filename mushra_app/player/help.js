// The help dialog: what the page is for, and every key.

import { button, el } from "./dom.js";

const KEYS = [
  ["Space", "play or pause"],
  ["0", "reference"],
  ["1 – 9", "version A, B, C …"],
  ["Left, Right", "previous or next version"],
  ["Up, Down", "rate the version you hear"],
  ["Enter", "keep the slider where it stands"],
  ["[ and ]", "start and end of the part that repeats"],
  ["\\", "whole sentence again"],
  ["?", "this help"],
];

export function helpDialog() {
  const rows = KEYS.map(([keys, what]) => el("div", {}, el("dt", {}, el("kbd", {}, keys)), el("dd", {}, what)));
  const close = button("Close", { class: "primary" });
  const dialog = el("dialog", { class: "help", "aria-label": "Help" },
    el("h2", {}, "Listening and rating"),
    el("p", {}, "Listen to the reference, then to every version, as often as you like. You can rate "
      + "the version that you hear. One of them is the reference itself. Drag over the waveform to "
      + "repeat a part of at least half a second."),
    el("dl", {}, ...rows), close);
  close.addEventListener("click", () => dialog.close());
  return dialog;
}
