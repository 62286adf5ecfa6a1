// Saves every change: the newest state of a slider wins. What fails on the way is tried again for
// ever; what the server has refused is not.

const DEBOUNCE = 200;
const LONGEST_WAIT = 8000;
const TIMEOUT = 10000;
// 409: the page was submitted or rated elsewhere. 401: the server does not know this browser.
const ENDS = { 401: "lost", 409: "conflict" };

export class Saver {
  // address(slot) is where a slot is PUT; report is called with saved, saving, retrying, refused,
  // conflict or lost.
  constructor(address, report) {
    this.address = address;
    this.report = report;
    this.slots = new Map();
    this.alive = true;
    this.ended = null;
  }

  // state: what is sent, plus its `seq`, raised here.
  change(slot, state, wait = DEBOUNCE) {
    state.seq += 1;
    const entry = this._entry(slot);
    entry.state = state;
    entry.failures = 0;
    this._later(slot, wait);
    this._tell();
  }

  get pending() {
    return [...this.slots.values()].some((e) => e.state && e.state.seq > e.saved);
  }

  // Sends what is left now; true if everything is saved.
  async flush() {
    await Promise.all([...this.slots.keys()].map(async (slot) => {
      clearTimeout(this.slots.get(slot).timer);
      await this.slots.get(slot).running;
      await this._send(slot);
    }));
    return !this.pending;
  }

  // The page goes away: what the browser still sends is sent without waiting.
  leave() {
    for (const [slot, entry] of this.slots) {
      if (entry.state && entry.state.seq > entry.saved) this._put(slot, entry.state).catch(() => {});
    }
  }

  close() {
    this.alive = false;
    for (const entry of this.slots.values()) clearTimeout(entry.timer);
  }

  _entry(slot) {
    if (!this.slots.has(slot)) this.slots.set(slot, { state: null, saved: 0, refused: 0, failures: 0, running: null });
    return this.slots.get(slot);
  }

  _later(slot, wait) {
    const entry = this._entry(slot);
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => this._send(slot), wait);
  }

  // One request at a time for a slot, so that an older one cannot arrive after a newer one.
  _send(slot) {
    const entry = this._entry(slot);
    if (entry.running || !this._open(entry)) return entry.running;
    entry.running = this._try(slot, entry).finally(() => {
      entry.running = null;
      this._tell();
      if (this.alive && this._open(entry) && !this.ended) {
        this._later(slot, entry.failures ? Math.min(500 * 2 ** entry.failures, LONGEST_WAIT) : 0);
      }
    });
    return entry.running;
  }

  // Whether there is something to send: neither saved nor refused.
  _open(entry) {
    return entry.state !== null && entry.state.seq > Math.max(entry.saved, entry.refused);
  }

  async _try(slot, entry) {
    const sent = { ...entry.state };
    try {
      const response = await this._put(slot, sent);
      if (ENDS[response.status]) this.ended = ENDS[response.status];
      else if ([413, 422].includes(response.status)) entry.refused = sent.seq;
      else if (!response.ok) throw new Error(String(response.status));
      else entry.saved = sent.seq;
      entry.failures = 0;
    } catch {
      entry.failures += 1;
    }
  }

  _put(slot, state) {
    return fetch(this.address(slot), {
      method: "PUT",
      keepalive: true,
      credentials: "same-origin",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(state),
      signal: AbortSignal.timeout(TIMEOUT),
    });
  }

  _tell() {
    if (!this.alive) return;
    const entries = [...this.slots.values()];
    const states = [
      [this.ended, this.ended],
      [entries.some((e) => e.failures > 0), "retrying"],
      [entries.some((e) => e.state && e.refused === e.state.seq), "refused"],
      [this.pending, "saving"],
    ];
    this.report(states.find(([holds]) => holds)?.[1] ?? "saved");
  }
}
