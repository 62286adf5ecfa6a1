// @ts-check
// One page of a sitting: fetches it, and opens it with the module of its kind.

import { BASE } from "./base.js";
import { button, el, icon } from "./dom.js";
import { Journal } from "./journal.js";
import { menu } from "./menu.js";
import { texts } from "./texts.js";

/** @import { Flusher, OpenPage, Page, Progress, SavingState, Translate } from "./shapes.js" */
/** @typedef {(progress?: Progress) => void} OnSubmitted */

/** @type {Flusher} */
export const NOTHING_TO_SAVE = { flush: async () => true, ended: null };
/** @type {Record<SavingState, string>} */
const TEXTS = {
  saved: "saved", saving: "saving", retrying: "state_retrying", refused: "state_refused",
  conflict: "state_conflict", lost: "state_lost",
};

/**
 * @param {HTMLElement} root
 * @param {{onSubmitted: OnSubmitted}} options
 */
export function mount(root, { onSubmitted }) {
  const screen = new Screen(root, onSubmitted);
  screen.ready = screen.open().catch((error) => screen.fail(error));
  return screen;
}

export class Screen {
  /** @type {Promise<void>} */
  ready;
  /** @type {string} */
  language;
  /** @type {Translate} */
  t;
  /** @type {Page} */
  page;
  /** Time at which the page was first shown, in the browser's clock, ms. @type {number} */
  opened;
  /** @type {Journal} */
  journal;
  /** @type {OpenPage | undefined} */
  kind;
  /** @type {HTMLButtonElement} */
  next;
  /** @type {HTMLElement} */
  state;
  /** @type {HTMLElement} */
  news;
  /** @type {HTMLElement} */
  corner;
  submitting = false;

  /**
   * @param {HTMLElement} root
   * @param {OnSubmitted} onSubmitted
   */
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
    this.language = String(this.root.dataset.language);
    this.t = await texts(this.language);
    /** @type {Page} */
    const page = (this.page = await this.ask("page"));
    this.opened = performance.now() - page.age_ms;
    this.journal = new Journal(`${BASE}api/v1/events`, page.page, this.opened, this.signal);
    this.box.setAttribute("aria-label", this.t("listening_page"));
    const { open } = await import(`./types/${page.kind}.js`);
    if (this.signal.aborted) return;
    this.kind = await open(this);
    if (this.signal.aborted) this.kind?.close?.();
  }

  /**
   * Shows the page: header, parts, and footer with the button.
   * @param {HTMLElement} title gets the focus
   * @param {...HTMLElement} parts
   */
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
    // Short lines of text are easy to read; boards need the whole width.
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
    // The button of the page before is gone, and the focus with it.
    title.tabIndex = -1;
    title.focus({ preventScroll: true });
  }

  /** @param {SavingState} state */
  saving(state) {
    const text = this.t(TEXTS[state]);
    this.state.dataset.state = state;
    if (this.state.title !== text) this.state.replaceChildren(icon(state), el("span", {}, text));
    this.state.title = text;
    // Screen readers read out problems and their end: every "Saved" would disturb the listening.
    const before = this.news.textContent;
    const spoken = state !== "saving" && (state !== "saved" || before);
    if (spoken && before !== text) this.news.textContent = text;
  }

  /**
   * Closes the page once `saver` has sent everything, or shows why that failed.
   * @param {Flusher} saver
   */
  async submit(saver) {
    if (this.submitting) return;
    this.submitting = true;
    try {
      const saved = await saver.flush();
      if (!saved && saver.ended === "conflict") await this.advance();
      else if (!saved) throw new Error("not saved");
      else {
        await this.journal.flush();
        this.onSubmitted(await this.ask(`page/${this.page.page}/submit`, { method: "POST" }));
      }
    } catch {
      this.message.textContent = this.t(saver.ended ? TEXTS[saver.ended] : "not_saved");
    } finally {
      this.submitting = false;
    }
  }

  /**
   * Shows the next page if this one is closed: the answer to an earlier click may have been lost, or
   * another tab was faster.
   */
  async advance() {
    /** @type {Progress} */
    const progress = await this.ask("session");
    if (progress.stage === "page" && progress.page === this.page.page) throw new Error("conflict");
    this.onSubmitted(progress);
  }

  /**
   * Returns the JSON of an endpoint.
   * @param {string} path
   * @param {RequestInit} options
   */
  async ask(path, options = {}) {
    const response = await fetch(`${BASE}api/v1/${path}`, { credentials: "same-origin", cache: "no-store", ...options });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return response.json();
  }

  /** @param {Error} error */
  fail(error) {
    if (this.signal.aborted) return;
    // If not even the texts could be loaded, these two of the server's page are shown.
    const { failed = "", again: retry = "" } = this.root.dataset;
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
