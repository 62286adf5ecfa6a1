"""Further analyses of the same ratings beside the report's headline."""

from dataclasses import dataclass

import numpy as np

from analysis.models.equivalence import Tost, equivalence
from analysis.models.power import Precision, Scatter, precision
from analysis.models.sequential import looks_correction, uncorrected_error
from analysis.questions.alternatives import Method, PairTest, compare_by
from analysis.questions.bs1534 import Bs1534, bs1534_analysis
from analysis.questions.compare import Comparison, compare, contrast_pairs
from analysis.questions.effects import EffectSizes, WinRate, effect_sizes, win_matrix
from analysis.questions.listeners import Listener, listener_report
from analysis.questions.multiverse import Multiverse, multiverse
from analysis.questions.omnibus import OMNIBUS_METHODS, Omnibus, omnibus
from analysis.questions.order import OrderEffect, order_effects
from analysis.questions.ranks import RankStability, rank_stability
from analysis.questions.subgroups import Subgroups, subgroups
from analysis.questions.texts import Item, TextMeans, item_report, text_means
from analysis.report.compliance import compliance
from analysis.report.result import Result
from analysis.wording import number, p_value, percent_of
from intone.contracts.bs1534 import ComplianceRow

# A report of all pairs of ten systems shows the comparison by other means of the first ones only.
MOST_PAIRS = 6
_ONE_WAY: tuple[Method, ...] = ("listeners", "utterances")


@dataclass(frozen=True)
class PairDetails:
    """Declared comparison in depth; a part without meaning is none.

    Attributes:
        x, y: names of the systems; x minus y.
        effects: effect sizes.
        universes: the difference under every other reasonable analysis.
        items: the difference on every utterance, the lowest first.
        tost: equivalence within the margin, if one was named.
        arms: the difference by randomised arm, if there are several.
    """

    x: str
    y: str
    effects: EffectSizes | None
    universes: Multiverse | None
    items: tuple[Item, ...]
    tost: Tost | None
    arms: Subgroups | None


@dataclass(frozen=True)
class Looks:
    """Looks at the results while the study ran, and what they cost.

    Attributes:
        listeners: how many had been heard at each look, rising, without the last analysis.
        planned: planned number of listeners.
        uncorrected: chance of a false positive if every look and the last analysis test at the
            level of the report.
        alpha: level for the unadjusted p value of the last analysis (O'Brien and Fleming).
        text: one English sentence.
    """

    listeners: tuple[int, ...]
    planned: int
    uncorrected: float
    alpha: float
    text: str


@dataclass(frozen=True)
class Planning:
    """Differences that a next test with this scatter could detect.

    Attributes:
        scatter: standard deviations found.
        designs: rows of listeners, utterances and pages.
        text: what would help more, listeners or texts.
    """

    scatter: Scatter
    designs: tuple[Precision, ...]
    text: str


@dataclass(frozen=True)
class Details:
    """All further looks.

    Attributes:
        pairs: the first declared comparisons in depth; `n_pairs_left_out` others have no depth.
        alpha: two-sided level; intervals are 1 - alpha.
        matrix: all pairs by the default test, Holm over all of them: for exploring.
        omnibus: one row per method that the design carries.
        scopes: every declared pair by listener means (holds for these texts), then by text means
            (holds for these listeners).
        texts: mean score of every system on every text.
        wins: win rates of all ordered pairs.
        ranks: stability of the order; none with fewer than two systems.
        listeners: one row per listener before screening.
        order: drifts; empty if positions were not recorded.
        standard: BS.1534-3's own analysis.
        requirements: the standard's demands and what the ratings show of them.
        looks: none if no looks were recorded.
        planning: none without variance components.
        seed: of everything random.
    """

    pairs: tuple[PairDetails, ...]
    n_pairs_left_out: int
    matrix: tuple[Comparison, ...]
    omnibus: tuple[Omnibus, ...]
    scopes: tuple[PairTest, ...]
    texts: TextMeans
    wins: tuple[WinRate, ...]
    ranks: RankStability | None
    listeners: tuple[Listener, ...]
    order: tuple[OrderEffect, ...]
    standard: Bs1534
    requirements: tuple[ComplianceRow, ...]
    looks: Looks | None
    planning: Planning | None
    seed: int
    alpha: float = 0.05


def details(
    result: Result,
    margin: float | None = None,
    planned_listeners: int | None = None,
    seed: int = 0,
) -> Details:
    """Return all analyses beside the headline.

    Args:
        result: the analysis.
        margin: largest difference that does not matter, points, for equivalence.
        planned_listeners: for the correction for looks; by default those who took part, and never
            fewer than those.
        seed: of every resampling.

    Raises:
        UserError: a margin that is not above 0.
    """
    kept, alpha = result.ratings, result.alpha
    tested = [(c.x, c.y) for c in result.comparisons]
    standard = bs1534_analysis(kept, tested, seed=seed, alpha=alpha)
    return Details(
        pairs=tuple(_pair(result, c, margin, seed) for c in result.comparisons[:MOST_PAIRS]),
        n_pairs_left_out=max(0, len(tested) - MOST_PAIRS),
        matrix=tuple(compare(kept, contrast_pairs(kept, "all"), alpha)),
        omnibus=tuple(
            test
            for test in (omnibus(kept, method, alpha=alpha) for method in OMNIBUS_METHODS)
            if test is not None and np.isfinite(test.p)
        ),
        scopes=tuple(
            test
            for method in _ONE_WAY
            for test in compare_by(kept, tested, method, seed=seed, alpha=alpha)
        ),
        texts=text_means(kept, *tested[0]),
        wins=tuple(win_matrix(kept, alpha)),
        ranks=rank_stability(kept, seed=seed, alpha=alpha),
        listeners=tuple(listener_report(result.everybody, seed)),
        order=tuple(order_effects(kept, tested[:MOST_PAIRS], alpha)),
        standard=standard,
        requirements=tuple(compliance(result, standard)),
        looks=looks_taken(result, planned_listeners),
        planning=_planning(result),
        seed=seed,
        alpha=alpha,
    )


def _pair(result: Result, c: Comparison, margin: float | None, seed: int) -> PairDetails:
    kept, alpha = result.ratings, result.alpha
    arms = None
    if c.paired and kept.frame["arm"].nunique() > 1:
        arms = subgroups(kept, c.x, c.y, "arm", alpha=alpha)
    return PairDetails(
        c.x,
        c.y,
        effect_sizes(kept, c.x, c.y),
        multiverse(result.everybody, kept, c.x, c.y, seed=seed, alpha=alpha),
        tuple(item_report(kept, c.x, c.y, alpha)),
        None if margin is None else equivalence(c.fit, margin, alpha),
        arms,
    )


def looks_taken(result: Result, planned: int | None) -> Looks | None:
    """Return the looks and their correction; none without an early look.

    If more listeners took part than planned, this analysis counts as the planned end.
    """
    now = len(result.everybody.listeners)
    planned = planned or now
    end = max(planned, now)
    sizes = tuple(sorted({n for n in result.everybody.look_sizes if 0 < n < now}))
    if not sizes:
        return None
    fractions = [n / end for n in (*sizes, now)]
    alpha = looks_correction(fractions, result.alpha)[-1].alpha
    error = uncorrected_error(fractions, result.alpha)
    seen = ", ".join(map(str, sizes))
    text = (
        f"Results were looked at with {seen} listeners and now with {now} of {planned} planned. "
        f"Tested at {percent_of(result.alpha)} each time, a difference that is not there is found "
        f"in {number(100 * error)} % of such studies; with O'Brien-Fleming spending this analysis "
        f"may call p < {p_value(alpha)} significant (before the correction for several "
        "comparisons)."
    )
    return Looks(sizes, planned, error, alpha, text)


def _planning(result: Result) -> Planning | None:
    parts = result.components
    if parts is None:
        return None
    label = "simulated listeners" if result.ratings.simulated else None
    scatter = Scatter(
        parts.listener_system**0.5, parts.utterance_system**0.5, parts.residual**0.5, label
    )
    n_l, n_u = len(result.ratings.listeners), len(result.ratings.utterances)
    pages = max(1, min(n_u, round(len(result.ratings.pages().scores) / n_l)))
    grid = [
        precision(n, texts, min(pages, texts), scatter, result.alpha)
        for texts in sorted({n_u, 2 * n_u, 4 * n_u})
        for n in sorted({10, 20, 40, 80, 160, n_l})
    ]
    now = precision(n_l, n_u, pages, scatter).se
    more_l, more_u = (
        precision(2 * n_l, n_u, pages, scatter),
        precision(n_l, 2 * n_u, pages, scatter),
    )
    # Twice the listeners is twice the pages; twice the texts by rotation costs no page more.
    better = "texts" if more_u.se <= more_l.se else "listeners"
    text = (
        f"A difference of two systems had a standard error of {number(now, 2)} points. Twice the "
        f"listeners would make it {number(more_l.se, 2)}, twice the texts with as many pages per "
        f"listener (rotated) {number(more_u.se, 2)}: more {better} would help more."
    )
    return Planning(scatter, tuple(grid), text)
