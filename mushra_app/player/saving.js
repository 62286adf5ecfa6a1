// @ts-check
// Saves every change: the newest state of a slider wins. A failed request is repeated until it
// succeeds; a request that the server refused is not repeated.

/** @import { SavingState } from "./shapes.js" */

const DEBOUNCE = 200;
const LONGEST_WAIT = 8000;
const TIMEOUT = 10000;
// 409: the page was submitted or rated elsewhere. 401: the server does not know this browser.
/** @type {Record<number, "lost" | "conflict">} */
const ENDS = { 401: "lost", 409: "conflict" };

/** @typedef {string | number} Slot */
/**
 * @typedef {object} Entry
 * @property {{seq: number} | null} state newest state
 * @property {number} saved last number that the server has saved
 * @property {number} refused last number that the server has refused
 * @property {number} failures since the last answer
 * @property {Promise<void> | null} running
 * @property {ReturnType<typeof setTimeout>} [timer]
 */

export class Saver {
  /**
   * @param {(slot: Slot) => string} address of a slot
   * @param {(state: SavingState) => void} report
   */
  constructor(address, report) {
    this.address = address;
    this.report = report;
    /** @type {Map<Slot, Entry>} */
    this.slots = new Map();
    this.alive = true;
    /** @type {"lost" | "conflict" | null} */
    this.ended = null;
  }

  /**
   * @param {Slot} slot
   * @param {{seq: number}} state sent as it is when the time has passed; `seq` is raised here
   * @param {number} wait ms
   */
  change(slot, state, wait = DEBOUNCE) {
    state.seq += 1;
    const entry = this._entry(slot);
    entry.state = state;
    entry.failures = 0;
    this._later(slot, wait);
    this._tell();
  }

  get pending() {
    return [...this.slots.values()].some((entry) => entry.state !== null && entry.state.seq > entry.saved);
  }

  /** Sends every change now; returns true if everything is saved. */
  async flush() {
    await Promise.all([...this.slots].map(async ([slot, entry]) => {
      clearTimeout(entry.timer);
      await entry.running;
      await this._send(slot);
    }));
    return !this.pending;
  }

  /** Sends every change without waiting, because the page is being left. */
  leave() {
    for (const [slot, entry] of this.slots) {
      if (entry.state && entry.state.seq > entry.saved) this._put(slot, entry.state).catch(() => {});
    }
  }

  close() {
    this.alive = false;
    for (const entry of this.slots.values()) clearTimeout(entry.timer);
  }

  /** @param {Slot} slot */
  _entry(slot) {
    let entry = this.slots.get(slot);
    if (!entry) {
      entry = { state: null, saved: 0, refused: 0, failures: 0, running: null };
      this.slots.set(slot, entry);
    }
    return entry;
  }

  /**
   * @param {Slot} slot
   * @param {number} wait
   */
  _later(slot, wait) {
    const entry = this._entry(slot);
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => this._send(slot), wait);
  }

  /**
   * Sends one request at a time for a slot, so that an older one cannot arrive after a newer one.
   * @param {Slot} slot
   */
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

  /**
   * Returns true if the newest state is neither saved nor refused.
   * @param {Entry} entry
   */
  _open(entry) {
    return entry.state !== null && entry.state.seq > Math.max(entry.saved, entry.refused);
  }

  /**
   * @param {Slot} slot
   * @param {Entry} entry with a state
   */
  async _try(slot, entry) {
    const sent = { .../** @type {{seq: number}} */ (entry.state) };
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

  /**
   * @param {Slot} slot
   * @param {{seq: number}} state
   */
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
    if (this.ended) this.report(this.ended);
    else if (entries.some((entry) => entry.failures > 0)) this.report("retrying");
    else if (entries.some((entry) => entry.state && entry.refused === entry.state.seq)) this.report("refused");
    else this.report(this.pending ? "saving" : "saved");
  }
}
