// @ts-check
// Sample-synchronous switching among all versions of one page.
//
// One AudioBufferSourceNode holds every version as channels, so that they cannot drift apart; one
// gain per version selects the version that is heard. ITU-R BS.1534-3 forbids cross-fades: the old
// version fades out in 5 ms (raised cosine), and only then the new version fades in. Transitions
// never overlap: a transition that is requested during another starts when that one has ended. The
// output is therefore never louder than the loudest file, however fast the listener switches.

export const FADE = 0.005;
export const SHORTEST_REGION = 0.5;
// A transition is scheduled this long ahead of the rendered sound, s: the browser renders a whole
// buffer at once, and a busy machine may pause this code between reading the clock and scheduling.
const LEAD = 0.012;
const LEAST_LEAD = 0.004;
const MOST_CHANNELS = 32;
const POINTS = 129;
const UP = Float32Array.from({ length: POINTS }, (_, k) => 0.5 - 0.5 * Math.cos((Math.PI * k) / (POINTS - 1)));
const DOWN = UP.slice().reverse();

export class Engine {
  /** @type {AudioBuffer | null} */
  packed = null;
  /** @type {GainNode[][]} */
  gains;
  /** @type {AudioBufferSourceNode} */
  source;
  /** @type {GainNode} */
  gate;
  /** @type {number} */
  origin;

  /**
   * @param {BaseAudioContext} context
   * @param {AudioBuffer[]} buffers of the same rate and length
   * @param {{restart?: boolean, edge?: number}} options restart: a switch starts at the beginning
   *   of the region; edge: fade at the borders of the region, s
   */
  constructor(context, buffers, { restart = false, edge = FADE } = {}) {
    this.context = context;
    this.buffers = buffers;
    this.restart = restart;
    this.edge = edge;
    this.channels = Math.max(...buffers.map((b) => b.numberOfChannels));
    if (this.channels * buffers.length > MOST_CHANNELS) throw new Error("too many channels for one page");
    this.length = Math.max(...buffers.map((b) => b.length));
    this.start = 0;
    this.end = this.length;
    this.current = 0;
    this.playing = false;
    this.repeat = true;
    this.onended = () => {};
    this.free = 0;
    this.paused = 0;
    // An OfflineAudioContext has no base latency.
    this.burst = ("baseLatency" in context && Number(context.baseLatency)) || 0.01;
    this.master = context.createGain();
    this.master.connect(context.destination);
  }

  /** @param {number} [at] time in the context, s; as soon as possible if left out */
  play(at) {
    if (this.playing) return;
    this.playing = true;
    this._begin(this._when(at), this.paused);
  }

  /** @param {number} [at] */
  pause(at) {
    if (!this.playing) return;
    this.paused = this._offset();
    this.playing = false;
    this._halt(this._when(at));
  }

  /** @param {number} [at] */
  stop(at) {
    this.pause(at);
    this.paused = 0;
  }

  /**
   * @param {number} index
   * @param {number} [at]
   */
  select(index, at) {
    if (index === this.current) return;
    const before = this.current;
    this.current = index;
    if (this.restart) this.paused = 0;
    if (!this.playing) return;
    const time = this._when(at);
    if (this.restart) {
      this._begin(this._halt(time), 0);
      return;
    }
    const quiet = this._fade(this.gains[before], DOWN, time);
    this._busy(this._fade(this.gains[index], UP, quiet));
  }

  /**
   * Sets the loop region; it is at least half a second long and lies inside the item.
   * @param {number} start sample
   * @param {number} end sample
   * @param {number} [at]
   */
  region(start, end, at) {
    const least = Math.min(this.length, Math.ceil(SHORTEST_REGION * this.context.sampleRate));
    this.start = Math.min(Math.max(0, Math.round(start)), this.length - least);
    this.end = Math.max(Math.min(this.length, Math.round(end)), this.start + least);
    this.packed = null;
    this.paused = 0;
    if (!this.playing) return;
    const time = this._when(at);
    this._begin(this._halt(time), 0);
  }

  /** @param {boolean} on */
  setRepeat(on) {
    this.repeat = on;
    if (!this.playing) return;
    // A source that has wrapped would end at once if only its loop were switched off.
    const offset = this._offset(), time = this._when();
    this._begin(this._halt(time), offset);
  }

  /** Returns the position in the item, s. */
  position() {
    return this.start / this.context.sampleRate + this._offset();
  }

  _offset() {
    if (!this.playing) return this.paused;
    const long = (this.end - this.start) / this.context.sampleRate;
    const gone = Math.max(0, this.context.currentTime - this.origin);
    return this.repeat ? gone % long : Math.min(gone, long);
  }

  /** @param {number} [at] */
  _when(at) {
    const rate = this.context.sampleRate;
    const time = Math.max(at ?? this.context.currentTime + this.burst + LEAD, this.free);
    return Math.ceil(time * rate - 1e-6) / rate;
  }

  /**
   * Returns `time`, or the earliest possible time if `time` is too close.
   * @param {number} time
   */
  _soon(time) {
    return time < this.context.currentTime + this.burst + LEAST_LEAD ? this._when() : time;
  }

  /**
   * Fades gains at `time` or, if that is too late, as soon as possible; returns the end of the fade.
   * A curve that starts before the rendered sound would begin in its middle: a click.
   * @param {GainNode[]} gains
   * @param {Float32Array} curve
   * @param {number} time
   */
  _fade(gains, curve, time) {
    const start = this._soon(time);
    for (const gain of gains) gain.gain.setValueCurveAtTime(curve, start, FADE);
    return start + FADE;
  }

  /**
   * Blocks transitions until a time. Two curves must not touch after rounding, hence one sample more.
   * @param {number} until
   */
  _busy(until) {
    this.free = until + 1 / this.context.sampleRate;
  }

  /**
   * @param {number} time
   * @param {number} offset in the region, s
   */
  _begin(time, offset) {
    const context = this.context, count = this.buffers.length;
    this.packed ??= pack(context, this.buffers, this.start, this.end, this.channels, this.edge);
    const source = context.createBufferSource();
    source.buffer = this.packed;
    source.loop = this.repeat;
    const splitter = context.createChannelSplitter(this.channels * count);
    const merger = context.createChannelMerger(this.channels);
    const gate = context.createGain();
    gate.gain.value = 0;
    source.connect(splitter);
    this.gains = this.buffers.map((_, i) => {
      return Array.from({ length: this.channels }, (_, c) => {
        const gain = context.createGain();
        gain.gain.value = i === this.current ? 1 : 0;
        splitter.connect(gain, i * this.channels + c);
        gain.connect(merger, 0, c);
        return gain;
      });
    });
    merger.connect(gate);
    gate.connect(this.master);
    source.onended = () => {
      gate.disconnect();
      if (this.source !== source || !this.playing) return;
      this.playing = false;
      this.paused = 0;
      this.onended();
    };
    const loud = this._fade([gate], UP, time);
    source.start(loud - FADE, offset);
    this.source = source;
    this.gate = gate;
    this.origin = loud - FADE - offset;
    this._busy(loud);
  }

  /** @param {number} time */
  _halt(time) {
    const quiet = this._fade([this.gate], DOWN, time);
    this.source.stop(quiet);
    this._busy(quiet);
    return quiet;
  }
}

/**
 * Returns all versions of a region as the channels of one buffer, with raised-cosine borders.
 * @param {BaseAudioContext} context
 * @param {AudioBuffer[]} buffers
 * @param {number} start sample
 * @param {number} end sample
 * @param {number} channels of one version
 * @param {number} edge s
 */
function pack(context, buffers, start, end, channels, edge) {
  const frames = end - start;
  const packed = context.createBuffer(channels * buffers.length, frames, context.sampleRate);
  const border = Math.min(Math.round(edge * context.sampleRate), frames >> 1);
  buffers.forEach((buffer, i) => {
    for (let c = 0; c < channels; c++) {
      const from = buffer.getChannelData(Math.min(c, buffer.numberOfChannels - 1));
      const to = packed.getChannelData(i * channels + c);
      to.set(from.subarray(start, Math.min(end, from.length)));
      for (let k = 0; k < border; k++) {
        const weight = 0.5 - 0.5 * Math.cos((Math.PI * (k + 0.5)) / border);
        to[k] *= weight;
        to[frames - 1 - k] *= weight;
      }
    }
  });
  return packed;
}

/**
 * Fetches and decodes sounds.
 * @param {BaseAudioContext} context
 * @param {string[]} addresses
 * @param {(done: number, all: number) => void} progress
 */
export async function load(context, addresses, progress) {
  let done = 0;
  progress(0, addresses.length);
  return Promise.all(
    addresses.map(async (address) => {
      const response = await fetch(address, { credentials: "same-origin" });
      if (!response.ok) throw new Error(`sound not available (${response.status})`);
      const buffer = await context.decodeAudioData(await response.arrayBuffer());
      progress(++done, addresses.length);
      return buffer;
    }),
  );
}
