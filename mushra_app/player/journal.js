// What happens on a page, sent in small batches; every event has a name of its own, so that one
// which is sent twice is stored once. A lost journal never stops a listener.

const EVERY = 3000;
const MOST_KEPT = 2000;
const BATCH = 100;

export class Journal {
  // opened: when the page was shown, in the browser's clock, ms.
  constructor(address, page, opened, signal) {
    this.address = address;
    this.page = page;
    this.opened = opened;
    this.prefix = [...crypto.getRandomValues(new Uint8Array(8))].map((b) => b.toString(16).padStart(2, "0")).join("");
    this.count = 0;
    this.events = [];
    const timer = setInterval(() => this.flush(), EVERY);
    signal.addEventListener("abort", () => { clearInterval(timer); this.flush(true); });
    addEventListener("pagehide", () => this.flush(true), { signal });
    document.addEventListener("visibilitychange", () => this.add(document.hidden ? "hidden" : "visible"), { signal });
    this.add("open", { width: innerWidth, height: innerHeight, agent: navigator.userAgent.slice(0, 200) });
  }

  add(kind, data = {}) {
    if (this.events.length >= MOST_KEPT) return;
    const at_ms = Math.max(0, Math.round(performance.now() - this.opened));
    this.events.push({ key: `${this.prefix}-${this.count++}`, kind, at_ms, data });
  }

  // leaving: the page goes away, so nothing is waited for.
  async flush(leaving = false) {
    if (this.sending && !leaving) return this.sending;
    const batch = this.events.slice(0, BATCH);
    if (!batch.length) return;
    this.sending = this._send(batch).finally(() => { this.sending = null; });
    await this.sending;
    if (this.events.length >= BATCH) await this.flush();
  }

  async _send(batch) {
    try {
      const response = await fetch(this.address, {
        method: "POST", keepalive: true, credentials: "same-origin",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ page: this.page, events: batch }),
      });
      // What the server will never take is not sent again.
      if (response.ok || [401, 409, 422].includes(response.status)) {
        const sent = new Set(batch.map((event) => event.key));
        this.events = this.events.filter((event) => !sent.has(event.key));
      }
    } catch { /* sent again with the next batch */ }
  }
}
