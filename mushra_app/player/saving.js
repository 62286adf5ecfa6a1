// Saves every change: the newest state of a slider wins, failures are tried again for ever.

const DEBOUNCE = 200;
const LONGEST_WAIT = 8000;
const TIMEOUT = 10000;

export class Saver {
  // address(slot) is where a slot is PUT; report is called with saved, saving, retrying or conflict.
  constructor(address, report) {
    this.address = address;
    this.report = report;
    this.slots = new Map();
    this.alive = true;
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
    if (!this.slots.has(slot)) this.slots.set(slot, { state: null, saved: 0, failures: 0, running: null });
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
    if (entry.running || !entry.state || entry.state.seq <= entry.saved) return entry.running;
    entry.running = this._try(slot, entry).finally(() => {
      entry.running = null;
      this._tell();
      if (this.alive && entry.state.seq > entry.saved && !this.conflict) {
        this._later(slot, entry.failures ? Math.min(500 * 2 ** entry.failures, LONGEST_WAIT) : 0);
      }
    });
    return entry.running;
  }

  async _try(slot, entry) {
    const sent = { ...entry.state };
    try {
      const response = await this._put(slot, sent);
      if (response.status === 409 || response.status === 401) this.conflict = true;
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
    const failing = [...this.slots.values()].some((e) => e.failures > 0);
    this.report(this.conflict ? "conflict" : failing ? "retrying" : this.pending ? "saving" : "saved");
  }
}
