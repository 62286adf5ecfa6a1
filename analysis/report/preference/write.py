"""Report of a preference test, from choices to the report's parts."""

from collections.abc import Sequence
from pathlib import Path

from analysis.data.kinds import AB
from analysis.data.preferences import Choices, read_preferences
from analysis.questions.preference import preference
from analysis.questions.preference_details import preference_details
from analysis.report.document import Parts
from analysis.report.figures.style import drawn
from analysis.report.preference.document import preference_document, preference_tables
from analysis.report.preference.figures import preference_figures
from analysis.report.preference.text import PreferenceResult
from intone.contracts import ReportOptions
from intone.errors import UserError

# Options of the command line that this report uses, and values of others that it has anyway.
_USED = (
    "--alpha",
    "--exclude",
    "--note",
    "--page-type",
    "--question",
    "--repeats",
    "--seed",
    "--study",
    "--title",
)
_ANYWAY = {"--contrasts": "all", "--screening": "none"}


def preference_parts(preferences: str | Path, options: ReportOptions) -> Parts:
    """Read and analyse preferences, and return the parts of their report.

    Args:
        preferences: CSV, Parquet, SQLite file or database URL; see `read_preferences`.
        options: options of `intone report`; one that has no meaning for preferences is refused.

    Raises:
        UserError: anything wrong with the input.
    """
    _refuse_options(preferences, options)
    everybody = read_preferences(
        preferences, study=options.study, question=options.question, repeats=options.repeats
    )
    result = analyse_preferences(everybody, options.exclude, options.seed, alpha=options.alpha)
    content = preference_document(result, options.command(preferences), list(options.note))
    return Parts(
        template="preferences.html",
        title=options.title or "Preference test report",
        document=content,
        drawings=drawn(everybody.simulated, lambda: preference_figures(result)),
        tables=preference_tables(content),
    )


def analyse_preferences(
    everybody: Choices,
    exclude: Sequence[str] = (),
    seed: int = 0,
    draws: int = 1000,
    alpha: float = 0.05,
) -> PreferenceResult:
    """Return all numbers of a report of preferences.

    Raises:
        UserError: a listener who is to be left out does not exist, or what is left cannot be
            compared.
    """
    choices = everybody.without(exclude)
    preferences = preference(choices.frame, draws, seed, alpha=alpha)
    unscreened = preference(everybody.frame, draws, seed, alpha=alpha) if choices.excluded else None
    return PreferenceResult(
        everybody,
        choices,
        preferences,
        unscreened,
        preference_details(choices, preferences, alpha),
        seed,
        alpha,
    )


def _refuse_options(preferences: str | Path, options: ReportOptions) -> None:
    name = "the database" if "://" in str(preferences) else Path(preferences).name
    page_type = options.page_type
    if page_type is not None and page_type.strip().lower() != AB:
        raise UserError(
            f"{name}: holds preferences (page type {AB}) and no pages of type {page_type!r}; leave "
            "--page-type out"
        )
    unused = [
        option
        for option, value in options.given().items()
        if option not in _USED and _ANYWAY.get(option) != value
    ]
    if unused:
        raise UserError(
            f"{name}: holds preferences, for which {' and '.join(unused)} "
            f"{'has' if len(unused) == 1 else 'have'} no meaning; leave "
            f"{'it' if len(unused) == 1 else 'them'} out"
        )
