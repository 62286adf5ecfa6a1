// Sample-synchronous switching among all versions of one page.
//
// One AudioBufferSourceNode holds every version as channels, so that they cannot drift apart; one
// gain per version picks what is heard. ITU-R BS.1534-3 forbids cross-fades: the old version
// fades out in 5 ms (raised cosine), and only then the new one fades in. Transitions never
// overlap: one asked for during another starts when that has ended. The output is therefore
// never louder than the loudest file, however fast somebody switches.

export const FADE = 0.005;
export const SHORTEST_REGION = 0.5;
// A transition is scheduled so far ahead of what is rendered already, s: the browser renders a
// whole buffer at once, and a busy machine may stop us between looking at the clock and scheduling.
const LEAD = 0.012;
const LEAST_LEAD = 0.004;
const MOST_CHANNELS = 32;
const POINTS = 129;
const UP = Float32Array.from({ length: POINTS }, (_, k) => 0.5 - 0.5 * Math.cos((Math.PI * k) / (POINTS - 1)));
const DOWN = UP.slice().reverse();

export class Engine {
  // buffers: AudioBuffers of one rate and length; options.restart: a switch starts at the
  // region's beginning; options.edge: fade at the borders of the region, s.
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
    this.burst = context.baseLatency || 0.01;
    this.master = context.createGain();
    this.master.connect(context.destination);
  }

  play(at) {
    if (this.playing) return;
    this.playing = true;
    this._begin(this._when(at), this.paused);
  }

  pause(at) {
    if (!this.playing) return;
    this.paused = this._offset();
    this.playing = false;
    this._halt(this._when(at));
  }

  stop(at) {
    this.pause(at);
    this.paused = 0;
  }

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

  // Loop region in samples; at least half a second long, moved inside the item if need be.
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

  setRepeat(on) {
    this.repeat = on;
    if (!this.playing) return;
    // A source that already wrapped would end at once if its loop were only switched off.
    const offset = this._offset(), time = this._when();
    this._begin(this._halt(time), offset);
  }

  // Position in the item, s.
  position() {
    return this.start / this.context.sampleRate + this._offset();
  }

  _offset() {
    if (!this.playing) return this.paused;
    const long = (this.end - this.start) / this.context.sampleRate;
    const gone = Math.max(0, this.context.currentTime - this.origin);
    return this.repeat ? gone % long : Math.min(gone, long);
  }

  _when(at) {
    const rate = this.context.sampleRate;
    const time = Math.max(at ?? this.context.currentTime + this.burst + LEAD, this.free);
    return Math.ceil(time * rate - 1e-6) / rate;
  }

  // `time`, or the soonest time if a busy machine has let that come too close.
  _soon(time) {
    return time < this.context.currentTime + this.burst + LEAST_LEAD ? this._when() : time;
  }

  // Fades some gains at `time` or, where that is too late, as soon as possible; returns when it has
  // ended. What the renderer has passed already would start in the middle of the curve: a click.
  _fade(gains, curve, time) {
    const start = this._soon(time);
    for (const gain of gains) gain.gain.setValueCurveAtTime(curve, start, FADE);
    return start + FADE;
  }

  // One sample of distance keeps rounding from making two curves touch, which is an error.
  _busy(until) {
    this.free = until + 1 / this.context.sampleRate;
  }

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

  _halt(time) {
    const quiet = this._fade([this.gate], DOWN, time);
    this.source.stop(quiet);
    this._busy(quiet);
    return quiet;
  }
}

// All versions of a region as the channels of one buffer, with raised-cosine borders.
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

// Fetches and decodes; progress is called with files done and files in all.
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
