// Counts holes in the sound: times at which the audio clock falls behind the clock on the wall.

// Smaller ones are the steps in which the audio clock advances, s.
const LEAST = 0.05;
// How much the two clocks may run apart by nature, s a look: some 120 in a million at 60 looks a second.
const DRIFT = 2e-6;

export class Glitches {
  constructor(context) {
    Object.assign(this, { context, count: 0, lost: 0, usual: null });
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
