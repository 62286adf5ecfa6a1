"""Tables for notebooks, one function per question.

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
    """Return each system's mean with its interval, median and shares."""
    result = analyse(ratings, rule=rule)
    return Shown(result.systems, notes=_notes(result))


def comparison_table(
    ratings: Ratings,
    contrasts: Contrasts | None = None,
    rule: Rule = None,
    method: Method = "two-way",
) -> Shown:
    """Return differences of the declared family, adjusted by Holm.

    The test is the two-way model, or a named alternative (`method`).

    Raises:
        UserError: no such family or method.
    """
    result = analyse(ratings, contrasts, rule)
    if method != "two-way":
        pairs = contrast_pairs(ratings, contrasts)
        return Shown(compare_by(result.ratings, pairs, method), notes=_notes(result))
    family = family_size(result.comparisons)
    texts = [comparison_text(c, family, simulated=False) for c in result.comparisons]
    return Shown(result.comparisons, texts, _notes(result))


def gap_table(ratings: Ratings, rule: Rule = None) -> Shown:
    """Return the gap reduction of every system; empty without baseline and reference."""
    result = analyse(ratings, rule=rule)
    return Shown(result.gaps, [gap.text for gap in result.gaps], _notes(result))


def listener_table(ratings: Ratings) -> Shown:
    """Return each listener's ratings in summary, before any screening."""
    return Shown(listener_report(ratings), notes=[SIMULATED] if ratings.simulated else [])


def text_table(ratings: Ratings, x: str, y: str) -> Shown:
    """Return differences of two systems by text, lowest first, before screening."""
    return Shown(item_report(ratings, x, y), notes=[SIMULATED] if ratings.simulated else [])


def preference_table(choices: Choices, exclude: Sequence[str] = (), seed: int = 0) -> Shown:
    """Return every compared pair: shares and their difference, Holm.

    Raises:
        UserError: no such listener, or what is left cannot be compared.
    """
    kept = choices.without(exclude)
    result = preference(kept.frame, seed=seed)
    return Shown(result.pairs, notes=_choice_notes(kept))


def ability_table(choices: Choices, exclude: Sequence[str] = (), seed: int = 0) -> Shown:
    """All systems on one scale (Bradley-Terry with ties), the best first.

    Raises:
        UserError: as `preference_table`.
    """
    kept = choices.without(exclude)
    result = preference(kept.frame, seed=seed)
    return Shown(bounded_abilities(result), notes=[*_choice_notes(kept), *model_warnings(result)])


def _choice_notes(choices: Choices) -> list[str]:
    notes = [SIMULATED] if choices.simulated else []
    out = len(choices.excluded)
    return [
        *notes,
        f"{counted(out, 'listener')} left out by name." if out else "No listener left out.",
    ]


def _notes(result: Result) -> list[str]:
    out = len(result.screening.excluded)
    notes = [SIMULATED] if result.ratings.simulated else []
    return [*notes, f"Screening {result.screening.rule}: {counted(out, 'listener')} left out."]
