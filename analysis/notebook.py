"""The questions of a notebook, each answered by one function of the ratings.

All but the named alternatives screen as a report does, and say so.
"""

from collections.abc import Sequence

from analysis.data.preferences import Choices
from analysis.data.ratings import Ratings
from analysis.questions.alternatives import Method, compare_by
from analysis.questions.compare import contrast_pairs, family_size
from analysis.questions.listeners import listener_report
from analysis.questions.preference import preference
from analysis.questions.screening import OwnRule
from analysis.questions.texts import item_report
from analysis.report.preference.text import bounded_abilities, model_warnings
from analysis.report.result import Result, analyse, comparison_text
from analysis.table_view import Shown
from analysis.wording import SIMULATED, counted
from intone.contracts import Contrasts, ScreeningRule

Rule = ScreeningRule | OwnRule | None


def system_table(ratings: Ratings, rule: Rule = None) -> Shown:
    """Every system by itself: mean with an interval that respects the design, median, shares."""
    found = analyse(ratings, rule=rule)
    return Shown(found.systems, notes=_notes(found))


def comparison_table(
    ratings: Ratings,
    contrasts: Contrasts | None = None,
    rule: Rule = None,
    method: Method = "two-way",
) -> Shown:
    """Differences of the declared family, Holm; by the two-way model or a named alternative.

    Raises:
        UserError: no such family or method.
    """
    found = analyse(ratings, contrasts, rule)
    if method != "two-way":
        pairs = contrast_pairs(ratings, contrasts)
        return Shown(compare_by(found.ratings, pairs, method), notes=_notes(found))
    family = family_size(found.comparisons)
    said = [comparison_text(c, family, simulated=False) for c in found.comparisons]
    return Shown(found.comparisons, said, _notes(found))


def gap_table(ratings: Ratings, rule: Rule = None) -> Shown:
    """Gap reduction of every system under test; empty without a baseline and a reference."""
    found = analyse(ratings, rule=rule)
    return Shown(found.gaps, [gap.text for gap in found.gaps], _notes(found))


def listener_table(ratings: Ratings) -> Shown:
    """How each listener rated, before any screening."""
    return Shown(listener_report(ratings), notes=[SIMULATED] if ratings.simulated else [])


def text_table(ratings: Ratings, x: str, y: str) -> Shown:
    """The difference of two systems on every text, the lowest first, before any screening."""
    return Shown(item_report(ratings, x, y), notes=[SIMULATED] if ratings.simulated else [])


def preference_table(choices: Choices, exclude: Sequence[str] = (), seed: int = 0) -> Shown:
    """Every pair that was compared: shares, their difference for new listeners and texts, Holm.

    Raises:
        UserError: no such listener, or what is left cannot be compared.
    """
    kept = choices.without(exclude)
    found = preference(kept.frame, seed=seed)
    return Shown(found.pairs, notes=_said(kept))


def ability_table(choices: Choices, exclude: Sequence[str] = (), seed: int = 0) -> Shown:
    """All systems on one scale (Bradley-Terry with ties), the best first.

    Raises:
        UserError: as `preference_table`.
    """
    kept = choices.without(exclude)
    found = preference(kept.frame, seed=seed)
    return Shown(bounded_abilities(found), notes=[*_said(kept), *model_warnings(found)])


def _said(choices: Choices) -> list[str]:
    found = [SIMULATED] if choices.simulated else []
    out = len(choices.excluded)
    return [*found, f"{counted(out, 'listener')} left out by name." if out else "Nobody left out."]


def _notes(result: Result) -> list[str]:
    out = len(result.screening.excluded)
    found = [SIMULATED] if result.ratings.simulated else []
    return [*found, f"Screening {result.screening.rule}: {counted(out, 'listener')} left out."]
