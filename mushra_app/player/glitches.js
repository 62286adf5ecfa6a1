// @ts-check
// Counts gaps in the sound: moments at which the audio clock falls behind the clock of the machine.

// The audio clock advances in smaller steps than this, s.
const LEAST = 0.05;
// Normal drift between the two clocks, s for each look: about 120 parts per million at 60 looks a second.
const DRIFT = 2e-6;

export class Glitches {
  /** @param {BaseAudioContext} context */
  constructor(context) {
    this.context = context;
    this.count = 0;
    this.lost = 0;
    /** @type {number | null} */
    this.usual = null;
  }

  look() {
    if (this.context.state !== "running") {
      this.usual = null;
      return;
    }
    const behind = performance.now() / 1000 - this.context.currentTime;
    this.usual = Math.min(behind, (this.usual ?? behind) + DRIFT);
    if (behind - this.usual < LEAST) return;
    this.count += 1;
    this.lost += behind - this.usual;
    this.usual = behind;
  }
}
