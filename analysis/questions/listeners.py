"""How each listener rated: for the analyst to look at, never to drop anybody silently."""

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
    """One listener's row. Numbers that do not exist are NaN.

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
        flags: what is unusual, in words.
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
    """One row per listener, in order of name.

    Args:
        ratings: the ratings, best before screening.
        seed: of the shuffles behind `noise_floor`.
    """
    rng = np.random.default_rng(seed)
    frame, pages = ratings.frame, ratings.pages()
    stimulus = frame.groupby(["utterance", "system"])["score"]
    n, total = stimulus.transform("size"), stimulus.transform("sum")
    others = ((total - frame["score"]) / (n - 1)).where(n > 1).to_numpy()
    score = frame["score"].to_numpy(float)
    untouched, seconds = _untouched(frame), _median_seconds(frame)
    again = dict(iter(ratings.again.groupby("listener")))
    places = frame.groupby("listener", sort=True).indices
    starts = np.searchsorted(pages.listener, np.arange(len(pages.listeners) + 1))
    found = []
    for code, name in enumerate(pages.listeners):
        agreement = _agreement(score[places[name]], others[places[name]])
        grid = pages.scores[starts[code] : starts[code + 1]]
        row = Listener(
            name, len(places[name]), *agreement[:2], *_discrimination(grid, rng), agreement[2],
            float(np.subtract(*np.quantile(score[places[name]], [0.95, 0.05]))),
            float(untouched.get(name, _NAN)), float(seconds.get(name, _NAN)),
            *_repeats(again.get(name)), (),
        )  # fmt: skip
        found.append(replace(row, flags=_flags(row, ratings.scale)))
    return found


def repeats_text(listeners: Sequence[Listener]) -> str:
    """What the repeated pages say of the median listener; empty where too few were repeated."""
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


def _agreement(score: np.ndarray, others: np.ndarray) -> tuple[float, float, float]:
    """Pearson's and Spearman's correlation with the others' means, and the mean difference."""
    shared = ~np.isnan(others)
    mine, others = score[shared], others[shared]
    if not len(mine):
        return _NAN, _NAN, _NAN
    r = rho = _NAN
    if len(mine) > 2 and np.ptp(mine) > 0 and np.ptp(others) > 1e-9:
        r = float(np.corrcoef(mine, others)[0, 1])
        rho = float(np.corrcoef(stats.rankdata(mine), stats.rankdata(others))[0, 1])
    return r, rho, float((mine - others).mean())


def _untouched(frame: pd.DataFrame) -> pd.Series:
    """Share of sliders never moved, by listener; empty where a test recorded nothing of them."""
    if frame["rating_time_ms"].isna().all():
        return pd.Series(dtype=float)
    known = frame[frame["moved"].notna()]
    return (known["moved"].astype(str) == "False").groupby(known["listener"]).mean()


def _median_seconds(frame: pd.DataFrame) -> pd.Series:
    """Median over pages of the time of the last change, s, by listener."""
    times = pd.to_numeric(frame["rating_time_ms"], errors="coerce")
    pages = times.groupby([frame["listener"], frame["utterance"]]).max()
    return pages.groupby(level=0).median() / 1000


def _repeats(again: pd.DataFrame | None) -> tuple[int, float, float]:
    """Number of repeats, standard deviation of one rating, correlation of first and second."""
    if again is None or len(again) < _FEWEST_REPEATS:
        return 0 if again is None else len(again), _NAN, _NAN
    first, second = again["first"].to_numpy(float), again["second"].to_numpy(float)
    sd = float(np.std(second - first, ddof=1)) / 2**0.5
    spread = np.ptp(first) > 0 and np.ptp(second) > 0
    return len(again), sd, float(np.corrcoef(first, second)[0, 1]) if spread else _NAN


def _discrimination(scores: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """F of the systems [pages, systems] with pages as blocks; and its 95 % noise floor.

    Systems that the listener never rated do not count, nor pages that lack another.
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
    """Reasons to look at this listener's pages; comparisons with NaN are false."""
    reach = scale[1] - scale[0]
    checks = (
        (row.correlation < 0.2, "hardly agrees with the others"),
        (row.discrimination < row.noise_floor, "tells the systems apart no better than chance"),
        (row.spread < 0.1 * reach, "uses less than a tenth of the scale"),
        (row.untouched > 0.2, "left more than a fifth of the sliders where they were"),
        (abs(row.bias) > 0.25 * reach, "scores a quarter of the scale away from the others"),
    )
    return tuple(words for applies, words in checks if applies)
