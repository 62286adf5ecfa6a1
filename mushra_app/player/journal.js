// @ts-check
// Log of events on a page, sent in small batches. Every event has a unique key, so that an event
// that is sent twice is stored once. A lost log never stops a listener.

const EVERY = 3000;
const MOST_KEPT = 2000;
const BATCH = 100;

/** @typedef {{key: string, kind: string, at_ms: number, data: Record<string, unknown>}} Entry */

export class Journal {
  /**
   * @param {string} address
   * @param {number} page
   * @param {number} opened time at which the page was shown, in the browser's clock, ms
   * @param {AbortSignal} signal
   */
  constructor(address, page, opened, signal) {
    this.address = address;
    this.page = page;
    this.opened = opened;
    this.prefix = [...crypto.getRandomValues(new Uint8Array(8))].map((b) => b.toString(16).padStart(2, "0")).join("");
    this.count = 0;
    /** @type {Entry[]} */
    this.events = [];
    /** @type {Promise<void> | null} */
    this.sending = null;
    const timer = setInterval(() => this.flush(), EVERY);
    signal.addEventListener("abort", () => { clearInterval(timer); this.flush(true); });
    addEventListener("pagehide", () => this.flush(true), { signal });
    document.addEventListener("visibilitychange", () => this.add(document.hidden ? "hidden" : "visible"), { signal });
    this.add("open", { width: innerWidth, height: innerHeight, agent: navigator.userAgent.slice(0, 200) });
  }

  /**
   * @param {string} kind
   * @param {Record<string, unknown>} data
   */
  add(kind, data = {}) {
    if (this.events.length >= MOST_KEPT) return;
    const at_ms = Math.max(0, Math.round(performance.now() - this.opened));
    this.events.push({ key: `${this.prefix}-${this.count++}`, kind, at_ms, data });
  }

  /**
   * @param {boolean} leaving true if the page is being left: then the running request is not awaited
   * @returns {Promise<void>}
   */
  async flush(leaving = false) {
    if (this.sending && !leaving) return this.sending;
    const batch = this.events.slice(0, BATCH);
    if (!batch.length) return;
    this.sending = this._send(batch).finally(() => { this.sending = null; });
    await this.sending;
    if (this.events.length >= BATCH) await this.flush();
  }

  /** @param {Entry[]} batch */
  async _send(batch) {
    try {
      const response = await fetch(this.address, {
        method: "POST", keepalive: true, credentials: "same-origin",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ page: this.page, events: batch }),
      });
      // Events that the server refuses for good are not sent again.
      if (response.ok || [401, 409, 422].includes(response.status)) {
        const sent = new Set(batch.map((event) => event.key));
        this.events = this.events.filter((event) => !sent.has(event.key));
      }
    } catch { /* sent again with the next batch */ }
  }
}
