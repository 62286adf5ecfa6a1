"""Everything a report says, computed once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from analysis.data.ratings import Ratings
from analysis.questions.agreement import Agreement, agreement
from analysis.questions.compare import (
    Comparison,
    compare,
    contrast_pairs,
    family_size,
    size_text,
    verdict_text,
)
from analysis.questions.components import Components, variance_components
from analysis.questions.describe import SystemSummary, describe
from analysis.questions.gap import Gap, gap_reduction
from analysis.questions.screening import OwnRule, Screening, screen
from analysis.wording import SIMULATED, ci_text, number
from intone.contracts import Contrasts, ScreeningRule
from intone.documents import read
from intone.errors import UserError


class PlantedGap(BaseModel):
    """A gap reduction that a rehearsal planted; `gap` is a fraction."""

    system: str
    baseline: str
    reference: str
    gap: float


class Planted(BaseModel):
    """True values of a rehearsal's simulated listeners.

    `systems` are means in points of the scale.
    """

    model_config = ConfigDict(extra="ignore")

    systems: dict[str, float] = {}
    gaps: list[PlantedGap] = []

    @classmethod
    def read(cls, path: Path) -> "Planted":
        """Read a rehearsal's JSON.

        Raises:
            UserError: not there, or not of this form.
        """
        return read(path, cls, "write the planted values with `intone rehearse`")


@dataclass(frozen=True)
class Recovered:
    """One planted value beside its estimate.

    Attributes:
        kind: mean, difference or gap (a fraction).
        name: the system, or the two of a difference.
        planted: what the simulated listeners were made to say.
        estimate: what was found.
        ci: its 1 - alpha interval.
        covered: whether the interval holds the planted value; none without an interval.
    """

    kind: str
    name: str
    planted: float
    estimate: float
    ci: tuple[float, float]
    covered: bool | None


@dataclass(frozen=True)
class Result:
    """All numbers of a report.

    Attributes:
        everybody: the ratings before screening.
        screening: the rule, who was left out, and the ratings that were used.
        pairs: the declared family of comparisons.
        systems, comparisons, gaps: results after screening.
        unscreened: the same comparisons and gaps with everybody in.
        components: variance components; none if the design does not carry the model.
        agreement_all: agreement over all systems.
        agreement_tested: agreement without reference and anchors.
        planted: planted values beside estimates, if any were given.
        alpha: two-sided level of every family of tests; intervals are 1 - alpha.
    """

    everybody: Ratings
    screening: Screening
    pairs: tuple[tuple[str, str], ...]
    systems: tuple[SystemSummary, ...]
    comparisons: tuple[Comparison, ...]
    gaps: tuple[Gap, ...]
    unscreened: tuple[tuple[Comparison, ...], tuple[Gap, ...]]
    components: Components | None
    agreement_all: Agreement
    agreement_tested: Agreement
    planted: tuple[Recovered, ...] = ()
    alpha: float = 0.05

    @property
    def ratings(self) -> Ratings:
        """The ratings that were used."""
        return self.screening.kept

    @property
    def headline(self) -> list[str]:
        """Return the sentences that answer the question: gaps, else differences."""
        if self.gaps:
            return [gap.text for gap in self.gaps]
        family = family_size(self.comparisons)
        return [comparison_text(c, family, self.ratings.simulated) for c in self.comparisons]


def analyse(
    ratings: Ratings,
    contrasts: Contrasts | None = None,
    rule: ScreeningRule | OwnRule | None = None,
    planted: Planted | None = None,
    exclude: Sequence[str] = (),
    alpha: float = 0.05,
) -> Result:
    """Screen, describe, compare and measure gaps.

    Raises:
        UserError: the design does not carry what was asked for.
    """
    pairs = contrast_pairs(ratings, contrasts)
    screening = screen(ratings, rule, exclude)
    kept = screening.kept
    comparisons, gaps = _test(kept, pairs, alpha)
    if not comparisons:
        raise UserError(
            f"{ratings.source}: no two of the systems to compare were rated on one page (same "
            "listener, same utterance), nor each by two listeners on two utterances, so their "
            "difference cannot be judged; collect more ratings or name other systems"
        )
    tested = tuple(s for s in kept.systems if kept.roles.of(s) in ("system", "baseline"))
    systems = describe(kept, alpha)
    return Result(
        everybody=ratings,
        screening=screening,
        pairs=tuple(pairs),
        systems=tuple(systems),
        comparisons=comparisons,
        gaps=gaps,
        unscreened=_test(ratings, pairs, alpha) if screening.excluded else (comparisons, gaps),
        components=variance_components(kept.pages()),
        agreement_all=agreement(kept, kept.systems, alpha),
        agreement_tested=agreement(kept, tested, alpha),
        planted=tuple(_recover(planted, ratings, systems, comparisons, gaps)) if planted else (),
        alpha=alpha,
    )


def _test(
    ratings: Ratings, pairs: Sequence[tuple[str, str]], alpha: float
) -> tuple[tuple[Comparison, ...], tuple[Gap, ...]]:
    comparisons = compare(ratings, pairs, alpha)
    roles = ratings.roles
    if roles.reference is None or roles.baseline is None:
        return tuple(comparisons), ()
    family = family_size(comparisons)
    gaps = [
        gap_reduction(ratings, comparison, family)
        for comparison in comparisons
        if comparison.y == roles.baseline and comparison.x in ratings.test_systems
    ]
    return tuple(comparisons), tuple(gap for gap in gaps if gap is not None)


def comparison_text(comparison: Comparison, family: int, simulated: bool) -> str:
    """One English sentence on a difference."""
    fit = comparison.fit
    direction = "above" if fit.estimate >= 0 else "below"
    low, high = comparison.ci
    ci = (low, high) if fit.estimate >= 0 else (-high, -low)
    prefix = f"{SIMULATED}: " if simulated else ""
    between = f" ({ci_text(ci, comparison.alpha)})" if fit.defined else ""
    return (
        f"{prefix}{comparison.x} scores {number(abs(fit.estimate))} points {direction} "
        f"{comparison.y}{between}; {verdict_text(comparison, family)}; {size_text(comparison)}."
    )


def _recover(
    planted: Planted,
    ratings: Ratings,
    systems: list[SystemSummary],
    comparisons: tuple[Comparison, ...],
    gaps: tuple[Gap, ...],
) -> list[Recovered]:
    rated = {system.system: system for system in systems}
    unknown = [name for name in planted.systems if name not in ratings.systems]
    if unknown:
        raise UserError(
            f"--planted names system {unknown[0]!r}, which {ratings.source} does not have; give "
            "the planted values of this rehearsal"
        )
    rows: list[tuple[str, str, float, float, tuple[float, float]]] = [
        ("mean", name, mean, rated[name].mean, rated[name].ci)
        for name, mean in planted.systems.items()
        if name in rated
    ]
    for c in comparisons:
        if c.x in planted.systems and c.y in planted.systems:
            difference = planted.systems[c.x] - planted.systems[c.y]
            rows.append(("difference", f"{c.x} − {c.y}", difference, c.fit.estimate, c.ci))
    for true in planted.gaps:
        for g in gaps:
            if (g.system, g.baseline, g.reference) == (true.system, true.baseline, true.reference):
                rows.append(("gap", g.system, true.gap, g.gap, g.ci))
    return [Recovered(*row, covered=_covered(row[2], row[4])) for row in rows]


def _covered(value: float, ci: tuple[float, float]) -> bool | None:
    return ci[0] <= value <= ci[1] if all(map(math.isfinite, ci)) else None
