"""The audio engine, sample by sample, in Chromium's own renderer."""

import math
import re

import httpx
import pytest

pytestmark = pytest.mark.browser

# Steepest step per sample of a raised cosine of 240 samples and height 0.5, twice, because a
# switch may fall on the border of the loop. A click would be a step of 0.2 or more.
STEEPEST = 2 * 0.5 * math.pi / 2 / 240

# Every version is a different constant plus a ramp, so that each output sample shows its version
# and its position.
SETUP = """
const { Engine, FADE } = await import(address);
const rate = 48000;
const offline = (seconds) => new OfflineAudioContext(1, rate * seconds, rate);
const ramp = (context, count, frames) => Array.from({ length: count }, (_, i) => {
  const buffer = context.createBuffer(1, frames, rate), data = buffer.getChannelData(0);
  for (let n = 0; n < frames; n++) data[n] = (i + 1) * 0.125 + n / 4194304;
  return buffer;
});
const flat = (context, levels, frames) => levels.map((level) => {
  const buffer = context.createBuffer(1, frames, rate);
  buffer.getChannelData(0).fill(level);
  return buffer;
});
let seed = 12345;
const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
"""

SWITCHING = (
    """async (address) => {"""
    + SETUP
    + """
const context = offline(12), engine = new Engine(context, ramp(context, 6, 240000), { edge: 0 });
engine.region(50001, 98002);
const loop = engine.end - engine.start, begin = 4800, events = [];
engine.play(0.1);
for (let t = 0.5, now = 0; t < 11.7; t += 0.05 + 0.3 * random()) {
  const next = Math.floor(random() * 6);
  if (next === now) continue;
  engine.select(next, t);
  events.push([Math.ceil(t * rate), now, next]);
  now = next;
}
const out = (await context.startRendering()).getChannelData(0), fade = FADE * rate;
let exact = 0, wrong = 0, mixed = 0, quiet = Infinity, e = 0, current = 0;
const position = (k) => engine.start + ((k - begin) % loop);
const value = (i, k) => Math.fround((i + 1) * 0.125 + position(k) / 4194304);
for (let k = begin + fade + 2; k < out.length; k++) {
  while (e < events.length && k >= events[e][0] + 2 * fade) current = events[e++][2];
  const [at, old, next] = events[e] ?? [Infinity, 0, 0];
  if (k < at) Math.abs(out[k] - value(current, k)) < 1e-7 ? exact++ : wrong++;
  else {
    // First the old one alone, falling; then the new one alone, rising.
    const d = k - at, heard = d < fade ? old : next;
    const x = (d % fade) / fade;
    const weight = d < fade ? 0.5 + 0.5 * Math.cos(Math.PI * x) : 0.5 - 0.5 * Math.cos(Math.PI * x);
    if (Math.abs(out[k] - weight * value(heard, k)) > 2e-3) mixed++;
    if (d === fade) quiet = Math.max(quiet === Infinity ? 0 : quiet, Math.abs(out[k]));
  }
}
return { switches: events.length, exact, wrong, mixed, quiet };
}"""
)

RAPID = (
    """async ([address, gap, restart]) => {"""
    + SETUP
    + """
const context = offline(3), files = flat(context, [0.2, 0.5, 0.35], 96000);
const engine = new Engine(context, files, { restart });
engine.play(0.1);
const limit = gap < 0.002 ? 0.5 + 60 * gap : 2.5;
let i = 0;
for (let t = 0.5; t < limit; t += gap) engine.select(++i % 3, t);
const out = (await context.startRendering()).getChannelData(0);
let peak = 0, step = 0;
for (let k = 1; k < out.length; k++) {
  peak = Math.max(peak, Math.abs(out[k]));
  step = Math.max(step, Math.abs(out[k] - out[k - 1]));
}
return { peak, step, switches: i };
}"""
)

RESTART = (
    """async (address) => {"""
    + SETUP
    + """
const context = offline(2), files = ramp(context, 3, 96000);
const engine = new Engine(context, files, { restart: true, edge: 0 });
engine.play(0.1);
engine.select(2, 0.7);
const out = (await context.startRendering()).getChannelData(0), fade = FADE * rate;
const from = Math.round(0.7 * rate) + fade, errors = [];
for (let k = from + fade + 2; k < from + 20000; k++) {
  errors.push(Math.abs(out[k] - (0.375 + (k - from) / 4194304)));
}
return { worst: Math.max(...errors), silence: Math.abs(out[from]) };
}"""
)

REGION = (
    """async (address) => {"""
    + SETUP
    + """
const context = offline(4), engine = new Engine(context, flat(context, [0.5, 0.5], 96000));
engine.region(1000, 1100);
const shortest = engine.end - engine.start;
engine.region(95990, 96000);
const last = [engine.start, engine.end];
engine.region(10000, 40000);
engine.play(0.1);
const out = (await context.startRendering()).getChannelData(0), border = FADE * rate;
let step = 0, dip = 1;
for (let k = 1; k < out.length; k++) step = Math.max(step, Math.abs(out[k] - out[k - 1]));
for (let k = 4800 + 30000 - border; k < 4800 + 30000 + border; k++) dip = Math.min(dip, out[k]);
return { shortest, last, step, dip };
}"""
)


@pytest.fixture(scope="module")
def engine(browser, server):
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(server.url + "/robots.txt")
    sheet = httpx.get(server.url + "/", follow_redirects=True).text
    version = re.search(r"/player/([0-9a-f]{12})/", sheet).group(1)
    address = f"{server.url}/player/{version}/engine.js"
    yield page, address
    context.close()


def test_switching_is_sample_exact_and_never_cross_fades(engine):
    page, address = engine
    found = page.evaluate(SWITCHING, address)
    assert found["switches"] > 30
    assert found["exact"] > 500_000
    assert found["wrong"] == 0
    assert found["mixed"] == 0
    assert found["quiet"] < 1e-3


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("gap", [0.05, 0.012, 0.008, 0.004, 0.001, 0.0002])
def test_rapid_switching_is_never_louder_than_loudest_file(engine, gap, restart):
    page, address = engine
    found = page.evaluate(RAPID, [address, gap, restart])
    assert found["switches"] > 30
    assert found["peak"] <= 0.5 + 1e-6
    assert found["step"] < STEEPEST


def test_switch_with_restart_starts_at_beginning(engine):
    page, address = engine
    found = page.evaluate(RESTART, address)
    assert found["worst"] < 1e-6
    assert found["silence"] < 1e-3


def test_region_lasts_half_a_second_and_has_faded_borders(engine):
    page, address = engine
    found = page.evaluate(REGION, address)
    assert found["shortest"] == 24000
    assert found["last"] == [72000, 96000]
    assert found["step"] < STEEPEST
    assert found["dip"] < 0.01


HOLES = """async (address) => {
  const { Glitches } = await import(address.replace("engine.js", "glitches.js"));
  const context = { state: "running", currentTime: 0 }, found = new Glitches(context);
  const start = performance.now() / 1000;
  const go = async (seconds) => {
    for (const end = performance.now() / 1000 + seconds; performance.now() / 1000 < end;) {
      context.currentTime = Math.floor((performance.now() / 1000 - start - hole) * 90) / 90;
      found.look();
      await new Promise((next) => setTimeout(next, 5));
    }
  };
  let hole = 0;
  await go(0.3);
  const before = found.count;
  hole = 0.2;
  await go(0.3);
  context.state = "suspended";
  hole = 5;
  await go(0.1);
  context.state = "running";
  await go(0.1);
  return { before, count: found.count, lost: found.lost };
}"""


def test_gap_in_sound_is_counted_and_pause_is_not(engine):
    page, address = engine
    found = page.evaluate(HOLES, address)
    assert (found["before"], found["count"]) == (0, 1)
    assert found["lost"] == pytest.approx(0.2, abs=0.03)
