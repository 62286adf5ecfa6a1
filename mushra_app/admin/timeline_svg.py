"""Drawing of a listener's page over time, as SVG."""

import math
from dataclasses import dataclass

from mushra_app.admin.replay import Timeline, letter
from mushra_app.admin.sheets import render

_WIDTH, _LEFT, _RIGHT, _LANE, _TOP = 960, 92, 20, 26, 14
_TICK_STEPS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
_MOST_TICKS = 10


@dataclass(frozen=True)
class _Bar:
    x: float
    y: int
    width: float


@dataclass(frozen=True)
class _Rating:
    x: float
    y: int
    score: int | None


def draw(timeline: Timeline, at_s: float | None = None) -> str:
    """Return a timeline as SVG that shows only numbers and letters.

    Args:
        timeline: of one page.
        at_s: time of the cursor, s; None draws no cursor.
    """
    span_s = max(timeline.end_s, 1.0)
    tops = {version: _TOP + _LANE * i for i, version in enumerate(timeline.versions)}
    bottom = _TOP + _LANE * max(1, len(tops))

    def x(time_s: float) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * time_s / span_s, 1)

    def bar(start_s: float, end_s: float, y: int, least: float) -> _Bar:
        return _Bar(x(start_s), y, max(least, x(end_s) - x(start_s)))

    return render(
        "timeline.html",
        width=_WIDTH,
        height=bottom + 30,
        left=_LEFT,
        right=_WIDTH - _RIGHT,
        top=_TOP,
        bottom=bottom,
        span_s=span_s,
        events=len(timeline.steps),
        lanes=[{"y": y, "name": letter(version)} for version, y in tops.items()],
        hidden=[bar(start_s, end_s, _TOP, 1.0) for start_s, end_s in timeline.hidden],
        heard=[
            bar(start_s, end_s, tops.get(version, _TOP), 1.5)
            for version, start_s, end_s in timeline.playing
        ],
        loops=[x(time_s) for time_s in timeline.loops],
        ratings=[
            # A choice between two versions belongs to no lane; it is drawn in the first.
            _Rating(x(time_s), _TOP if version is None else tops.get(version, _TOP), score)
            for time_s, version, score in timeline.rated
        ],
        ticks=[{"x": x(time_s), "clock": _clock(time_s)} for time_s in _ticks(span_s)],
        cursor=None if at_s is None else x(at_s),
    )


def _ticks(span_s: float) -> range:
    fitting = (step for step in _TICK_STEPS_S if span_s / step <= _MOST_TICKS)
    half_hours = 1800 * math.ceil(span_s / (1800 * _MOST_TICKS))
    return range(0, int(span_s) + 1, next(fitting, half_hours))


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"
