"""Multiverse analysis: one difference under all reasonable choices."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.data.ratings import Pages, Ratings
from analysis.models.crossed import TwoWayFit, fit_two_way
from analysis.models.t_test import one_sample_t
from analysis.questions.alternatives import HOLDS_FOR, METHODS, Method, pair_test
from analysis.questions.ordinal import ordinal_test
from analysis.questions.screening import screen
from analysis.wording import counted, number
from intone.contracts import ScreeningRule
from intone.errors import UserError

_RULES: tuple[ScreeningRule, ...] = ("none", "bs1534-3", "mpeg")
# As a reader who has seen no statistics program would call them.
_NAMES: dict[Method, str] = {
    "cluster-robust": "cluster-robust variance",
    "bootstrap": "bootstrap of listeners and texts",
    "listeners": "t test of listener means",
    "wilcoxon": "Wilcoxon test of listener means",
    "sign-flip": "sign flips of listener means",
    "utterances": "t test of text means",
}
_NAN = float("nan")


@dataclass(frozen=True)
class Universe:
    """One analysis of the same difference.

    Attributes:
        choice: difference from the analysis of the report.
        unit: unit of the estimate: points, ranks, share of the page's range, logits, log odds.
        estimate: `x` minus `y`.
        ci: 1 - alpha interval; NaN if the method has none.
        p: two-sided p value, not corrected; NaN if undefined.
        note: population it holds for, or why there is no answer.
    """

    choice: str
    unit: str
    estimate: float
    ci: tuple[float, float]
    p: float
    note: str


@dataclass(frozen=True)
class Multiverse:
    """One difference under all choices; the first is that of the report.

    Attributes:
        x, y: names of the systems.
        universes: one row each.
        n_same: how many of those with an answer have the sign and the significance of the first.
        n_answers: how many have an answer.
    """

    x: str
    y: str
    universes: tuple[Universe, ...]
    n_same: int
    n_answers: int

    @property
    def text(self) -> str:
        """One English sentence."""
        return (
            f"{self.x} − {self.y}: {self.n_same} of {self.n_answers} analyses have the sign and "
            "the significance of the report's own (which is one of them)."
        )


def multiverse(
    everybody: Ratings,
    kept: Ratings,
    x: str,
    y: str,
    draws: int = 2000,
    seed: int = 0,
    alpha: float = 0.05,
) -> Multiverse | None:
    """Analyse one difference under every choice.

    Args:
        everybody: ratings before post-screening.
        kept: ratings that the report uses.
        x, y: the systems; the difference is x minus y.
        draws: bootstrap samples.
        seed: of the bootstrap and of random sign patterns.
        alpha: two-sided level of every test; intervals are 1 - alpha.

    Returns:
        None if no page that the report uses has both.
    """
    pages = kept.pages()
    if not {x, y} <= set(pages.systems) or len(pages.of(x, y)[2]) == 0:
        return None
    rows = [
        _own(pages, x, y, alpha),
        *_screened(everybody, x, y, alpha),
        *_methods(pages, x, y, draws, seed, alpha),
        *_scales(kept, pages, x, y, alpha),
        *_left_out(kept, pages, x, y, alpha),
    ]
    answers = [row for row in rows if np.isfinite(row.p)]
    first = rows[0]
    same = [
        row
        for row in answers
        if (row.p < alpha) == (first.p < alpha) and row.estimate * first.estimate >= 0
    ]
    return Multiverse(x, y, tuple(rows), len(same), len(answers))


def _universe(
    choice: str, fit: TwoWayFit, alpha: float, unit: str = "points", note: str = ""
) -> Universe:
    return Universe(choice, unit, fit.estimate, fit.ci(alpha), fit.p, note or fit.why_undefined)


def _fit(pages: Pages, x: str, y: str) -> TwoWayFit:
    listener, utterance, scores = pages.of(x, y)
    return fit_two_way(listener, utterance, scores[:, 0] - scores[:, 1])


def _own(pages: Pages, x: str, y: str, alpha: float) -> Universe:
    return _universe("two-way model (the report's own)", _fit(pages, x, y), alpha)


def _screened(everybody: Ratings, x: str, y: str, alpha: float) -> Iterator[Universe]:
    for rule in _RULES:
        choice = "no screening" if rule == "none" else f"screening {rule}"
        try:
            screening = screen(everybody, rule)
        except UserError as error:
            yield Universe(choice, "points", _NAN, (_NAN, _NAN), _NAN, f"not possible: {error}")
            continue
        pages = screening.kept.pages()
        if not {x, y} <= set(pages.systems) or len(pages.of(x, y)[2]) == 0:
            note = "no remaining listener rated both"
            yield Universe(choice, "points", _NAN, (_NAN, _NAN), _NAN, note)
            continue
        note = f"{counted(len(screening.excluded), 'listener')} left out"
        yield _universe(choice, _fit(pages, x, y), alpha, note=note)


def _methods(
    pages: Pages, x: str, y: str, draws: int, seed: int, alpha: float
) -> Iterator[Universe]:
    for method in METHODS:
        if method in ("two-way", "pages"):
            continue
        test = pair_test(pages, x, y, method, draws, seed, alpha)
        if test is not None:
            note = f"holds for {HOLDS_FOR[method]}"
            yield Universe(_NAMES[method], "points", test.estimate, test.ci, test.p, note)
    listener, _, scores = pages.of(x, y)
    D = scores[:, 0] - scores[:, 1]
    medians = pd.Series(D).groupby(listener).median().to_numpy()
    _, p, ci = one_sample_t(medians, alpha)
    note = f"paired t test; holds for {HOLDS_FOR['listeners']}"
    yield Universe("medians of listeners", "points", float(medians.mean()), ci, p, note)


def _scales(ratings: Ratings, pages: Pages, x: str, y: str, alpha: float) -> Iterator[Universe]:
    """Yield other scales: ranks, range of the page, logits, categories."""
    scores, (low, high) = pages.scores, ratings.scale
    ranks = pd.DataFrame(scores).rank(axis=1).to_numpy()
    fit = _fit(replace(pages, scores=ranks), x, y)
    yield _universe("ranks within the page", fit, alpha, "ranks")
    bottom = np.nanmin(scores, 1, keepdims=True)
    reach = np.nanmax(scores, 1, keepdims=True) - bottom
    # A page of equal scores says that nothing differs.
    relative = (scores - bottom) / np.where(reach > 0, reach, 1.0)
    fit = _fit(replace(pages, scores=relative), x, y)
    yield _universe("each page stretched to its own range", fit, alpha, "share of the page's range")
    # Half a step from either end, as (score + 0.5) / 101 on 0 to 100 (Smithson and Verkuilen 2006).
    share = ((scores - low) / (high - low) * 100 + 0.5) / 101
    fit = _fit(replace(pages, scores=np.log(share / (1 - share))), x, y)
    yield _universe("logit of the score", fit, alpha, "logits")
    ordinal = ordinal_test(ratings, x, y, alpha)
    if ordinal is not None:
        note = f"{ordinal.n_levels} ordered categories"
        yield Universe(
            "proportional odds", "log odds", ordinal.log_odds, ordinal.ci, ordinal.p, note
        )


def _left_out(ratings: Ratings, pages: Pages, x: str, y: str, alpha: float) -> Iterator[Universe]:
    """Yield fits without the most influential listener or utterance, or unmoved sliders."""
    listener, utterance, scores = pages.of(x, y)
    D = scores[:, 0] - scores[:, 1]
    whole = ~np.isnan(pages.scores[:, [pages.systems.index(x), pages.systems.index(y)]]).any(1)
    for name, code, names in (
        ("listener", pages.listener, pages.listeners),
        ("utterance", pages.utterance, pages.utterances),
    ):
        members = code[whole]
        if len(np.unique(members)) < 3:
            continue
        total, n = np.bincount(members, D), np.bincount(members)
        present = np.flatnonzero(n)
        without = (D.sum() - total[present]) / (len(D) - n[present])
        worst = present[np.argmin(without * np.sign(D.mean() or 1.0))]
        stays = members != worst
        fit = fit_two_way(
            np.unique(listener[stays], return_inverse=True)[1],
            np.unique(utterance[stays], return_inverse=True)[1],
            D[stays],
        )
        low, high = number(float(without.min())), number(float(without.max()))
        note = f"without {names[worst]}; others between {low} and {high}"
        yield _universe(f"without the {name} it rests on most", fit, alpha, note=note)
    rows = ratings.frame
    untouched = rows["system"].isin([x, y]) & (rows["moved"].astype(str) == "False")
    if untouched.any():
        frame = rows[~untouched].reset_index(drop=True)
        if {x, y} <= set(frame["system"]):
            less = replace(ratings, frame=frame).pages()
            if len(less.of(x, y)[2]):
                note = f"{counted(int(untouched.sum()), 'rating')} left out"
                fit = _fit(less, x, y)
                yield _universe("without sliders never moved", fit, alpha, note=note)
