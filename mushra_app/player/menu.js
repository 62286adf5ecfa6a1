// The menu in the corner: remarks, another device, what is stored, withdrawal.

import { BASE } from "./base.js";
import { button, el } from "./dom.js";
import { stored } from "./stored.js";

const LONGEST = 5000;
const ASK = { credentials: "same-origin", cache: "no-store" };

// host: where the dialog is put; page: number of the page, or null on a sheet; ended() is told once
// somebody has withdrawn, and null where that has been done. Returns the button that opens it.
export function menu({ t, language, host, page = null, ended = null }) {
  const made = new Menu(t, language, page, ended);
  const opener = button(t("menu"), { class: "quiet", "aria-haspopup": "dialog", "aria-label": t("menu") }, "menu");
  opener.addEventListener("click", () => {
    // Not before: a page that is shown anew empties its box.
    host.append(made.dialog);
    made.open();
  });
  return opener;
}

class Menu {
  constructor(t, language, page, ended) {
    Object.assign(this, { t, language, page, ended, drafts: {} });
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
    this.body.querySelector("button").focus();
  }

  top() {
    const entries = [
      ...(this.page === null ? [] : [["comment", () => this.remark("comment")], ["problem", () => this.remark("problem")]]),
      ...(this.page === null ? [] : [["link", () => this.link()]]),
      ["mine", () => this.mine()],
      ...(this.ended ? [["withdraw", () => this.withdraw()]] : []),
    ];
    const buttons = entries.map(([name, act]) => {
      const entry = button(this.t(`menu_${name}`), { class: "entry" });
      entry.addEventListener("click", act);
      return entry;
    });
    this.panel("menu", buttons, false);
    if (this.dialog.open) buttons[0].focus();
  }

  // Shows other contents; the focus goes to their heading, so that they are read out from there.
  panel(name, parts, back = true) {
    this.shown = parts;
    this.title.textContent = this.t(name);
    this.body.replaceChildren(...parts);
    this.back.hidden = !back;
    this.title.focus();
  }

  // Asks what may fail, and says so if it does; shows the answer unless somebody has gone on meanwhile.
  async doing(said, ask, show) {
    const { shown } = this;
    said.textContent = "";
    try {
      const got = await ask();
      if (shown === this.shown) show(got);
    } catch {
      said.textContent = this.t("not_reached");
    }
  }

  async ask(path, options = {}) {
    const response = await fetch(`${BASE}api/v1/${path}`, { ...ASK, ...options });
    if (!response.ok) throw new Error(String(response.status));
    return response.status === 204 ? {} : response.json();
  }

  remark(kind) {
    const { t } = this, said = status();
    const words = el("textarea", { id: "remark", rows: 5, maxlength: LONGEST });
    const send = button(t("send"), { class: "primary" });
    // One key for these words until they have arrived: sent twice, they are kept once.
    const draft = (this.drafts[kind] ??= { words: "", key: crypto.getRandomValues(new Uint32Array(4)).join("-").slice(0, 40) });
    words.value = draft.words;
    words.addEventListener("input", () => { draft.words = words.value; });
    send.addEventListener("click", () => {
      if (!words.value.trim()) { words.focus(); return; }
      const body = JSON.stringify({ page: this.page, key: draft.key, kind, text: words.value });
      const post = { method: "POST", headers: { "content-type": "application/json" }, body };
      this.doing(said, async () => { await this.ask("remark", post); delete this.drafts[kind]; },
        () => this.panel(`menu_${kind}`, [el("p", { role: "status" }, t("remark_saved"))]));
    });
    this.panel(`menu_${kind}`, [el("label", { for: "remark" }, t(`remark_${kind}`)), words, send, said]);
    words.focus();
  }

  async link() {
    const { t } = this, said = status();
    const make = button(t("link_make"), { class: "primary" });
    make.addEventListener("click", () => this.doing(said, () => this.ask("link", { method: "POST" }), ({ token }) => {
      const address = el("input", { id: "own-link", type: "text", readonly: "", value: `${BASE}?t=${token}` });
      const copy = button(t("copy"), { class: "primary" });
      copy.addEventListener("click", async () => {
        address.select();
        // Without a secure connection browsers leave copying to the keyboard.
        const done = await (navigator.clipboard?.writeText(address.value).then(() => true, () => false) ?? false);
        said.textContent = done ? t("copied") : t("copy_by_hand");
      });
      this.panel("menu_link", [el("label", { for: "own-link" }, t("link_yours")), address, copy, said]);
      address.focus();
      address.select();
    }));
    this.panel("menu_link", [el("p", {}, t("link_text")), make, said]);
  }

  mine() {
    const said = status();
    this.panel("menu_mine", [said]);
    this.doing(said, () => this.ask("mine"),
      (mine) => this.panel("menu_mine", [stored(mine, this.t, this.language)]));
  }

  // Two steps: what it means, and whether it is meant.
  withdraw() {
    const { t } = this, said = status(), go = button(t("continue"), {});
    go.addEventListener("click", () => {
      const sure = button(t("withdraw_yes"), { class: "primary danger" });
      sure.addEventListener("click", () => this.doing(said, async () => {
        await this.ask("withdraw", { method: "POST" });
        // Done is done, whatever is on the screen by now.
        this.dialog.close();
        this.ended();
      }, () => {}));
      this.panel("withdraw_sure", [el("p", {}, t("withdraw_final")), sure, said]);
    });
    this.panel("menu_withdraw", [el("p", {}, t("withdraw_text")), go]);
  }
}

function status() {
  return el("p", { class: "soft", role: "status" });
}
