"""Thousands of switches in a running audio graph, checked at every sample."""

import re

import httpx
import pytest

from tests.browser.test_engine import STEEPEST

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Three constant versions; every other sample lies in a fade.
TAP = """
const LEVELS = [0.2, 0.35, 0.5];
registerProcessor("tap", class extends AudioWorkletProcessor {
  constructor() {
    super();
    Object.assign(this, { last: 0, peak: 0, step: 0, between: 0, samples: 0, seen: [0, 0, 0] });
    this.port.onmessage = () => this.port.postMessage({ ...this });
  }
  process([[input]]) {
    for (const sample of input ?? []) {
      this.peak = Math.max(this.peak, Math.abs(sample));
      this.step = Math.max(this.step, Math.abs(sample - this.last));
      const level = LEVELS.findIndex((value) => Math.abs(value - sample) < 1e-6);
      if (level < 0) this.between++; else this.seen[level]++;
      this.samples++;
      this.last = sample;
    }
    return true;
  }
});
"""

LIVE = """async ([address, tap, switches, restart]) => {
  const { Engine, FADE } = await import(address);
  const context = new AudioContext({ sampleRate: 48000, latencyHint: "interactive" });
  const code = new Blob([tap], { type: "text/javascript" });
  await context.audioWorklet.addModule(URL.createObjectURL(code));
  const files = [0.2, 0.35, 0.5].map((level) => {
    const buffer = context.createBuffer(1, 48000, 48000);
    buffer.getChannelData(0).fill(level);
    return buffer;
  });
  const engine = new Engine(context, files, { restart, edge: 0 });
  const node = new AudioWorkletNode(context, "tap");
  engine.master.connect(node);
  await context.resume();
  engine.play();
  let seed = 7, now = 0;
  const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
  for (let i = 0; i < switches; i++) {
    now = (now + 1 + Math.floor(2 * random())) % 3;
    engine.select(now);
    // Bursts of switches, with pauses between them.
    await new Promise((resolve) => setTimeout(resolve, i % 20 ? 30 * random() : 120));
  }
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const counts = await new Promise((resolve) => {
    node.port.onmessage = (event) => resolve(event.data);
    node.port.postMessage("now");
  });
  await context.close();
  return { ...counts, fade: FADE * 48000, current: now };
}"""


@pytest.mark.parametrize("restart", [False, True])
def test_thousands_of_live_switches(browser, server, restart):
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    sheet = httpx.get(server.url + "/", follow_redirects=True).text
    version = re.search(r"/player/([0-9a-f]{12})/", sheet).group(1)
    page.goto(server.url + "/robots.txt")
    switches = 2000
    address = f"{server.url}/player/{version}/engine.js"
    counts = page.evaluate(LIVE, [address, TAP, switches, restart])
    context.close()
    assert counts["samples"] > 48000 * 20
    assert counts["peak"] <= 0.5 + 1e-6
    assert counts["step"] < STEEPEST
    assert min(counts["seen"]) > 48000
    # At most two fades for each switch; before the start there is silence.
    assert counts["between"] <= 2 * counts["fade"] * (switches + 1) + 48000
