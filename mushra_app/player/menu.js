// @ts-check
// Menu in the corner: remarks, another device, stored data, withdrawal.

import { BASE } from "./base.js";
import { button, el } from "./dom.js";
import { stored } from "./stored_data.js";

/** @import { Translate } from "./shapes.js" */

const LONGEST = 5000;
/** @type {RequestInit} */
const ASK = { credentials: "same-origin", cache: "no-store" };

/**
 * Returns the button that opens the menu.
 * @param {object} options
 * @param {Translate} options.t
 * @param {string} options.language
 * @param {Element} options.host parent of the dialog
 * @param {number | null} [options.page] number of the page; null on a sheet
 * @param {(() => void) | null} [options.ended] called after a withdrawal; null offers none
 */
export function menu({ t, language, host, page = null, ended = null }) {
  const made = new Menu(t, language, page, ended);
  const opener = button(t("menu"), { class: "quiet", "aria-haspopup": "dialog", "aria-label": t("menu") }, "menu");
  opener.addEventListener("click", () => {
    // Added on opening: a page that is shown again empties its box.
    host.append(made.dialog);
    made.open();
  });
  return opener;
}

class Menu {
  /** @type {HTMLElement[]} */
  shown = [];
  /** @type {Record<string, {words: string, key: string}>} */
  drafts = {};

  /**
   * @param {Translate} t
   * @param {string} language
   * @param {number | null} page
   * @param {(() => void) | null} ended
   */
  constructor(t, language, page, ended) {
    this.t = t;
    this.language = language;
    this.page = page;
    this.ended = ended;
    this.title = el("h2", { id: "menu-title", tabindex: "-1" });
    this.body = el("div", { class: "panel" });
    this.back = button(t("back"), {});
    this.close = button(t("close"), {});
    this.dialog = el("dialog", { class: "help menu", "aria-labelledby": "menu-title" },
      this.title, this.body, el("div", { class: "buttons" }, this.back, this.close));
    this.back.addEventListener("click", () => this.top());
    this.close.addEventListener("click", () => this.dialog.close());
  }

  open() {
    this.top();
    this.dialog.showModal();
    this.body.querySelector("button")?.focus();
  }

  top() {
    /** @type {[string, () => void][]} */
    const entries = [
      ["comment", () => this.remark("comment")], ["problem", () => this.remark("problem")],
      ["link", () => this.link()], ["mine", () => this.mine()], ["withdraw", () => this.withdraw()],
    ];
    const onSheet = ["mine", ...(this.ended ? ["withdraw"] : [])];
    const offered = this.page === null ? onSheet : ["comment", "problem", "link", ...onSheet];
    const buttons = entries.filter(([name]) => offered.includes(name)).map(([name, act]) => {
      const entry = button(this.t(`menu_${name}`), { class: "entry" });
      entry.addEventListener("click", act);
      return entry;
    });
    this.panel("menu", buttons, false);
    if (this.dialog.open) buttons[0].focus();
  }

  /**
   * Shows other contents; the focus moves to their heading, so that they are read out from there.
   * @param {string} name of the heading's text
   * @param {HTMLElement[]} parts
   * @param {boolean} back true to show the button that leads back
   */
  panel(name, parts, back = true) {
    this.shown = parts;
    this.title.textContent = this.t(name);
    this.body.replaceChildren(...parts);
    this.back.hidden = !back;
    this.title.focus();
  }

  /**
   * Runs a request and shows its result, or a message if it fails. The result is not shown if the
   * listener has opened other contents meanwhile.
   * @template Result
   * @param {HTMLElement} message
   * @param {() => Promise<Result>} request
   * @param {(result: Result) => void} show
   */
  async doing(message, request, show) {
    const { shown } = this;
    message.textContent = "";
    try {
      const result = await request();
      if (shown === this.shown) show(result);
    } catch {
      message.textContent = this.t("not_reached");
    }
  }

  /**
   * Returns the JSON of an endpoint.
   * @param {string} path
   * @param {RequestInit} options
   */
  async ask(path, options = {}) {
    const response = await fetch(`${BASE}api/v1/${path}`, { ...ASK, ...options });
    if (!response.ok) throw new Error(String(response.status));
    return response.status === 204 ? {} : response.json();
  }

  /** @param {"comment" | "problem"} kind */
  remark(kind) {
    const { t } = this, message = status();
    const words = el("textarea", { id: "remark", rows: 5, maxlength: LONGEST });
    const send = button(t("send"), { class: "primary" });
    // These words keep one key until they have arrived: sent twice, they are stored once.
    const draft = (this.drafts[kind] ??= { words: "", key: crypto.getRandomValues(new Uint32Array(4)).join("-").slice(0, 40) });
    words.value = draft.words;
    words.addEventListener("input", () => { draft.words = words.value; });
    send.addEventListener("click", () => {
      if (!words.value.trim()) { words.focus(); return; }
      const body = JSON.stringify({ page: this.page, key: draft.key, kind, text: words.value });
      const post = { method: "POST", headers: { "content-type": "application/json" }, body };
      this.doing(message, async () => { await this.ask("remark", post); delete this.drafts[kind]; },
        () => this.panel(`menu_${kind}`, [el("p", { role: "status" }, t("remark_saved"))]));
    });
    this.panel(`menu_${kind}`, [el("label", { for: "remark" }, t(`remark_${kind}`)), words, send, message]);
    words.focus();
  }

  async link() {
    const { t } = this, message = status();
    const make = button(t("link_make"), { class: "primary" });
    make.addEventListener("click", () => this.doing(message, () => this.ask("link", { method: "POST" }), ({ token }) => {
      const address = el("input", { id: "own-link", type: "text", readonly: "", value: `${BASE}?t=${token}` });
      const copy = button(t("copy"), { class: "primary" });
      copy.addEventListener("click", async () => {
        address.select();
        // Over plain http browsers do not copy for a page: the listener copies by keyboard.
        const done = await (navigator.clipboard?.writeText(address.value).then(() => true, () => false) ?? false);
        message.textContent = done ? t("copied") : t("copy_by_hand");
      });
      this.panel("menu_link", [el("label", { for: "own-link" }, t("link_yours")), address, copy, message]);
      address.focus();
      address.select();
    }));
    this.panel("menu_link", [el("p", {}, t("link_text")), make, message]);
  }

  mine() {
    const message = status();
    this.panel("menu_mine", [message]);
    this.doing(message, () => this.ask("mine"),
      (mine) => this.panel("menu_mine", [stored(mine, this.t, this.language)]));
  }

  /** Asks for a withdrawal in two steps: its meaning, then a confirmation. */
  withdraw() {
    const { t } = this, message = status(), next = button(t("continue"), {});
    next.addEventListener("click", () => {
      const sure = button(t("withdraw_yes"), { class: "primary danger" });
      sure.addEventListener("click", () => this.doing(message, async () => {
        await this.ask("withdraw", { method: "POST" });
        // Also if other contents are shown by now.
        this.dialog.close();
        this.ended?.();
      }, () => {}));
      this.panel("withdraw_sure", [el("p", {}, t("withdraw_final")), sure, message]);
    });
    this.panel("menu_withdraw", [el("p", {}, t("withdraw_text")), next]);
  }
}

function status() {
  return el("p", { class: "soft", role: "status" });
}
