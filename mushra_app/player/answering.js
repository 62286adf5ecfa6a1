// The answers of a page without ratings: kept as they are given, sent at once, there after a reload.

import { Saver } from "./saving.js";
import { BASE } from "./screen.js";

export class Answering {
  constructor(screen) {
    const { answers, seq } = screen.page.saved;
    this.screen = screen;
    this.state = { answers: { ...answers }, seq };
    const address = `${BASE}api/v1/page/${screen.page.page}/answers`;
    this.saver = new Saver(() => address, (state) => screen.saving(state));
    addEventListener("pagehide", () => this.saver.leave(), { signal: screen.signal });
    addEventListener("beforeunload", (event) => { if (this.saver.pending) event.preventDefault(); }, { signal: screen.signal });
  }

  get(name) {
    return this.state.answers[name] ?? null;
  }

  // null: there is no answer any more.
  set(name, value) {
    if (value === null) delete this.state.answers[name];
    else this.state.answers[name] = value;
    this.screen.message.textContent = "";
    this.saver.change("answers", this.state);
  }

  // missing(): {said, focus} of what is still to do, or null.
  closes(missing) {
    this.screen.next.addEventListener("click", () => {
      const open = missing();
      if (!open) return this.screen.submit(this.saver);
      this.screen.message.textContent = open.said;
      return open.focus();
    }, { signal: this.screen.signal });
  }

  close() {
    this.saver.close();
  }
}
