// @ts-check
// Answers of a page without ratings: sent at once, and shown again after a reload.

import { BASE } from "./base.js";
import { Saver } from "./saving.js";

/** @import { Screen } from "./screen.js" */
/** @import { Answer, Missing, SavedAnswers } from "./shapes.js" */

export class Answering {
  /** @param {Screen} screen */
  constructor(screen) {
    const { answers, seq } = /** @type {SavedAnswers} */ (screen.page.saved);
    this.screen = screen;
    this.state = { answers: { ...answers }, seq };
    const address = `${BASE}api/v1/page/${screen.page.page}/answers`;
    this.saver = new Saver(() => address, (state) => screen.saving(state));
    addEventListener("pagehide", () => this.saver.leave(), { signal: screen.signal });
    addEventListener("beforeunload", (event) => { if (this.saver.pending) event.preventDefault(); }, { signal: screen.signal });
  }

  /** @param {string} name */
  get(name) {
    return this.state.answers[name] ?? null;
  }

  /**
   * @param {string} name
   * @param {Answer | null} value null removes the answer
   */
  set(name, value) {
    if (value === null) delete this.state.answers[name];
    else this.state.answers[name] = value;
    this.screen.message.textContent = "";
    this.saver.change("answers", this.state);
  }

  /**
   * Submits the page on the button, once nothing is missing.
   * @param {() => Missing | null} missing
   */
  closes(missing) {
    this.screen.next.addEventListener("click", () => {
      const open = missing();
      if (!open) return this.screen.submit(this.saver);
      this.screen.message.textContent = open.message;
      return open.focus();
    }, { signal: this.screen.signal });
  }

  close() {
    this.saver.close();
  }
}
