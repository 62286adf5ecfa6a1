"""Ratings of each listener, for the analyst to look at.

No listener is dropped by these numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from analysis.data.ratings import Ratings
from analysis.wording import number

_SHUFFLES = 200
_FEWEST_REPEATS = 3
_NAN = float("nan")


@dataclass(frozen=True)
class Listener:
    """Statistics of one listener; undefined numbers are NaN.

    Attributes:
        listener: pseudonym.
        n: number of ratings.
        correlation: Pearson's, of the scores with the mean of all others on the same stimuli.
        rank_correlation: Spearman's of the same.
        discrimination: F of the systems within this listener's pages.
        noise_floor: the F that 95 % of shuffles within pages stay below.
        bias: mean score minus the others' on the same stimuli, points.
        spread: 5 % to 95 % quantile of the scores, points: how much of the scale is used.
        untouched: share of the sliders that were never moved; NaN if not recorded.
        median_seconds: median time from opening a page to the last change on it, s; NaN if not
            recorded.
        n_repeats: number of stimuli rated a second time.
        repeat_sd: standard deviation of one rating by the same listener: that of second minus first
            score over the square root of 2, points; NaN with fewer than three repeats.
        repeat_r: Pearson's correlation of first and second score; NaN with fewer than three.
        flags: unusual facts, in words.
    """

    listener: str
    n: int
    correlation: float
    rank_correlation: float
    discrimination: float
    noise_floor: float
    bias: float
    spread: float
    untouched: float
    median_seconds: float
    n_repeats: int
    repeat_sd: float
    repeat_r: float
    flags: tuple[str, ...]


def listener_report(ratings: Ratings, seed: int = 0) -> list[Listener]:
    """Return one row per listener, in order of name.

    Args:
        ratings: the ratings, best before screening.
        seed: of the shuffles behind `noise_floor`.
    """
    rng = np.random.default_rng(seed)
    frame, pages = ratings.frame, ratings.pages()
    stimulus = frame.groupby(["utterance", "system"])["score"]
    n, total = stimulus.transform("size"), stimulus.transform("sum")
    mean_of_others = ((total - frame["score"]) / (n - 1)).where(n > 1).to_numpy()
    score = frame["score"].to_numpy(float)
    untouched, seconds = _untouched(frame), _median_seconds(frame)
    again = dict(iter(ratings.again.groupby("listener")))
    rows_of = frame.groupby("listener", sort=True).indices
    starts = np.searchsorted(pages.listener, np.arange(len(pages.listeners) + 1))
    report = []
    for code, name in enumerate(pages.listeners):
        grid = pages.scores[starts[code] : starts[code + 1]]
        scores = score[rows_of[name]]
        correlation, rank_correlation, bias = _agreement(scores, mean_of_others[rows_of[name]])
        discrimination, noise_floor = _discrimination(grid, rng)
        n_repeats, repeat_sd, repeat_r = _repeats(again.get(name))
        row = Listener(
            listener=name,
            n=len(scores),
            correlation=correlation,
            rank_correlation=rank_correlation,
            discrimination=discrimination,
            noise_floor=noise_floor,
            bias=bias,
            spread=float(np.subtract(*np.quantile(scores, [0.95, 0.05]))),
            untouched=float(untouched.get(name, _NAN)),
            median_seconds=float(seconds.get(name, _NAN)),
            n_repeats=n_repeats,
            repeat_sd=repeat_sd,
            repeat_r=repeat_r,
            flags=(),
        )
        report.append(replace(row, flags=_flags(row, ratings.scale)))
    return report


def repeats_text(listeners: Sequence[Listener]) -> str:
    """Return a sentence on repeated pages; empty with too few."""
    known = [row for row in listeners if np.isfinite(row.repeat_sd)]
    if not known:
        return ""
    sds, n = [row.repeat_sd for row in known], [row.n_repeats for row in known]
    low, high = min(n), max(n)
    each = f"{low}" if low == high else f"{low} to {high}"
    who = (
        f"The median of {len(known)} listeners who rated {each} stimuli twice"
        if len(known) > 1
        else f"The one listener who rated {each} stimuli twice"
    )
    r = [row.repeat_r for row in known if np.isfinite(row.repeat_r)]
    correlation = f"; the two scores correlate at {number(float(np.median(r)), 2)}" if r else ""
    return (
        f"{who} scatters by {number(float(np.median(sds)))} points around the own score (standard "
        f"deviation of one rating){correlation}."
    )


def _agreement(score: np.ndarray, mean_of_others: np.ndarray) -> tuple[float, float, float]:
    """Return Pearson's and Spearman's correlation and the mean difference."""
    shared = ~np.isnan(mean_of_others)
    mine, mean_of_others = score[shared], mean_of_others[shared]
    if not len(mine):
        return _NAN, _NAN, _NAN
    r = rho = _NAN
    if len(mine) > 2 and np.ptp(mine) > 0 and np.ptp(mean_of_others) > 1e-9:
        r = float(np.corrcoef(mine, mean_of_others)[0, 1])
        rho = float(np.corrcoef(stats.rankdata(mine), stats.rankdata(mean_of_others))[0, 1])
    return r, rho, float((mine - mean_of_others).mean())


def _untouched(frame: pd.DataFrame) -> pd.Series:
    """Return the share of sliders never moved; empty if not recorded."""
    if frame["rating_time_ms"].isna().all():
        return pd.Series(dtype=float)
    known = frame[frame["moved"].notna()]
    return (known["moved"].astype(str) == "False").groupby(known["listener"]).mean()


def _median_seconds(frame: pd.DataFrame) -> pd.Series:
    """Return the median time of the last change on a page, s."""
    times = pd.to_numeric(frame["rating_time_ms"], errors="coerce")
    pages = times.groupby([frame["listener"], frame["utterance"]]).max()
    return pages.groupby(level=0).median() / 1000


def _repeats(again: pd.DataFrame | None) -> tuple[int, float, float]:
    """Return number of repeats, SD of one rating, correlation of both scores."""
    if again is None or len(again) < _FEWEST_REPEATS:
        return 0 if again is None else len(again), _NAN, _NAN
    first, second = again["first"].to_numpy(float), again["second"].to_numpy(float)
    sd = float(np.std(second - first, ddof=1)) / 2**0.5
    spread = np.ptp(first) > 0 and np.ptp(second) > 0
    return len(again), sd, float(np.corrcoef(first, second)[0, 1]) if spread else _NAN


def _discrimination(scores: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Return F of the systems (blocks: pages) and its noise floor.

    Scores are [pages, systems]; 95 % of shuffles within pages stay below the floor. Systems that
    the listener never rated do not count, nor pages that lack another.
    """
    scores = scores[:, ~np.isnan(scores).all(0)]
    scores = scores[~np.isnan(scores).any(1)]
    n, k = scores.shape
    if n < 2 or k < 2:
        return _NAN, _NAN
    shuffled = rng.permuted(np.broadcast_to(scores, (_SHUFFLES, n, k)), axis=2)
    centred = np.concatenate([scores[None], shuffled])
    centred = centred - centred.mean(2, keepdims=True)
    between = n * (centred.mean(1) ** 2).sum(1)
    within = (centred**2).sum((1, 2)) - between
    if within[0] <= 1e-9:
        return _NAN, _NAN
    F = between * (n - 1) / np.maximum(within, 1e-9)
    return float(F[0]), float(np.quantile(F[1:], 0.95))


def _flags(row: Listener, scale: tuple[float, float]) -> tuple[str, ...]:
    """Return reasons to look at this listener; NaN is no reason."""
    reach = scale[1] - scale[0]
    checks = (
        (row.correlation < 0.2, "hardly agrees with the others"),
        (row.discrimination < row.noise_floor, "tells the systems apart no better than chance"),
        (row.spread < 0.1 * reach, "uses less than a tenth of the scale"),
        (row.untouched > 0.2, "left more than a fifth of the sliders where they were"),
        (abs(row.bias) > 0.25 * reach, "scores a quarter of the scale away from the others"),
    )
    return tuple(words for applies, words in checks if applies)
