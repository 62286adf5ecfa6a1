// One page of a sitting: asks what it is, and hands over to the module of its kind.

import { BASE } from "./base.js";
import { button, el, icon } from "./dom.js";
import { Journal } from "./journal.js";
import { menu } from "./menu.js";
import { texts } from "./texts.js";

export { BASE };
export const NOTHING_TO_SAVE = { flush: async () => true, ended: null };
const SAID = {
  saved: "saved", saving: "saving", retrying: "state_retrying", refused: "state_refused",
  conflict: "state_conflict", lost: "state_lost",
};

export function mount(root, { onSubmitted }) {
  const screen = new Screen(root, onSubmitted);
  screen.ready = screen.open().catch((error) => screen.fail(error));
  return screen;
}

export class Screen {
  constructor(root, onSubmitted) {
    this.root = root;
    this.onSubmitted = onSubmitted;
    this.stopper = new AbortController();
    this.signal = this.stopper.signal;
    this.message = el("p", { class: "message", role: "status", "aria-live": "polite" });
    this.box = el("section", { class: "trial", "aria-busy": "true" }, this.message);
    root.replaceChildren(this.box);
  }

  async open() {
    this.language = this.root.dataset.language;
    this.t = await texts(this.language);
    const page = (this.page = await this.ask("page"));
    this.opened = performance.now() - page.age_ms;
    this.journal = new Journal(`${BASE}api/v1/events`, page.page, this.opened, this.signal);
    this.box.setAttribute("aria-label", this.t("listening_page"));
    const { open } = await import(`./types/${page.kind}.js`);
    if (this.signal.aborted) return;
    this.kind = await open(this);
    if (this.signal.aborted) this.kind?.close?.();
  }

  // Shows the page: what stands between its header and its button.
  show(title, ...parts) {
    const { page, t } = this, last = page.page + 1 === page.pages;
    const count = t("page_of", { page: page.page + 1, pages: page.pages });
    this.state = el("span", { class: "state" });
    this.news = el("span", { class: "unseen", role: "status", "aria-live": "polite" });
    this.next ??= button(last ? t("finish") : t("next"), { class: "primary next" });
    this.corner = el("span", { class: "corner" });
    const host = this.box, { language } = this;
    const open = menu({ t, language, host, page: page.page, ended: () => this.onSubmitted() });
    this.message.textContent = "";
    // Lines of text are read most easily where they are short; boards need all the room there is.
    this.box.classList.toggle("narrow", !page.slots);
    this.box.replaceChildren(
      el("header", {}, el("span", { class: "count" }, count),
        el("progress", { max: page.pages, value: page.page, "aria-label": count }),
        ...(page.phase === "training" ? [el("span", { class: "phase" }, t("practice"))] : []),
        this.state, this.news, this.corner),
      ...parts, el("footer", {}, this.message, this.next));
    this.corner.append(open);
    this.box.setAttribute("aria-busy", "false");
    this.saving("saved");
    // What was pressed to come here is gone, and the focus with it.
    title.tabIndex = -1;
    title.focus({ preventScroll: true });
  }

  saving(state) {
    const said = this.t(SAID[state]);
    this.state.dataset.state = state;
    if (this.state.title !== said) this.state.replaceChildren(icon(state), el("span", {}, said));
    this.state.title = said;
    // Spoken: trouble and its end. Every single "Saved" would talk over the sounds.
    const before = this.news.textContent;
    const spoken = state !== "saving" && (state !== "saved" || before);
    if (spoken && before !== said) this.news.textContent = said;
  }

  // Closes the page once `saver` has sent everything; says so if that fails.
  async submit(saver) {
    if (this.submitting) return;
    this.submitting = true;
    try {
      const saved = await saver.flush();
      if (!saved && saver.ended === "conflict") await this.goOn();
      else if (!saved) throw new Error("not saved");
      else {
        await this.journal.flush();
        this.onSubmitted(await this.ask(`page/${this.page.page}/submit`, { method: "POST" }));
      }
    } catch {
      this.message.textContent = this.t(saver.ended ? SAID[saver.ended] : "not_saved");
    } finally {
      this.submitting = false;
    }
  }

  // The answer to an earlier press may have been lost, or another tab was faster: then this page is
  // closed already, and the next one is to come.
  async goOn() {
    const where = await this.ask("session");
    if (where.stage === "page" && where.page === this.page.page) throw new Error("conflict");
    this.onSubmitted(where);
  }

  async ask(path, options = {}) {
    const response = await fetch(`${BASE}api/v1/${path}`, { credentials: "same-origin", cache: "no-store", ...options });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return response.json();
  }

  fail(error) {
    if (this.signal.aborted) return;
    // Where not even the texts were there to load, the page itself brought these two.
    const { failed, again: retry } = this.root.dataset;
    const again = button(this.t?.("try_again") ?? retry, { class: "primary" });
    again.addEventListener("click", () => location.reload());
    this.message.textContent = this.t?.("not_loaded", { reason: error.message }) ?? failed;
    this.box.setAttribute("aria-busy", "false");
    this.box.replaceChildren(this.message, again);
  }

  destroy() {
    if (this.signal.aborted) return;
    this.stopper.abort();
    this.kind?.close?.();
    this.root.replaceChildren();
  }
}
