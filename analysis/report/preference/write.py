"""Write the report of a preference test: a page, its numbers, tables and figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from analysis.data.checks import Repeats
from analysis.data.kinds import AB
from analysis.data.preferences import Choices, read_preferences
from analysis.questions.preference import preference
from analysis.questions.preference_details import preference_details
from analysis.report.figures import scores as plots
from analysis.report.files import command_line, render, write
from analysis.report.preference.document import preference_document, preference_tables
from analysis.report.preference.figures import preference_figures
from analysis.report.preference.text import PreferenceResult
from intone.errors import UserError

TEMPLATE = "preferences.html"
# What the command line offers and this report uses; and what it does anyway.
_USED = ("--study", "--question", "--page-type", "--repeats", "--seed", "--title")
_ANYWAY = {"--contrasts": "all", "--screening": "none"}


def write_preference_report(
    preferences: str | Path,
    out: Path,
    *,
    options: Mapping[str, str | None],
    notes: Sequence[str] = (),
    title: str | None = None,
    study: str | None = None,
    question: str | None = None,
    repeats: Repeats = "first",
    exclude: Sequence[str] = (),
    seed: int = 0,
    refresh: int | None = None,
) -> Path:
    """Read, analyse and report preferences.

    Args:
        preferences: CSV, Parquet, SQLite file or database URL; see `read_preferences`, which also
            describes study, question and repeats.
        out: folder for `report.html`, `report.json`, `tables/*.csv` and `.tex`, `figures/*.svg`
            and `.pdf`.
        options: what was given on the command line, by option; one that has no meaning for
            preferences is refused, not ignored.
        notes: sentences to print under the headline.
        title: title of the page.
        exclude: listeners who are left out, by name.
        seed: of the bootstrap.
        refresh: the open page reads itself again after so many seconds (while a study runs).

    Returns:
        Path of `report.html`.

    Raises:
        UserError: anything wrong with the input; nothing is written then.
    """
    _refuse_options(preferences, options)
    everybody = read_preferences(preferences, study=study, question=question, repeats=repeats)
    result = analyse_preferences(everybody, exclude, seed)
    repeated = [("--note", note) for note in notes] + [("--exclude", name) for name in exclude]
    command = command_line(preferences, dict(options), None, repeated)
    found = preference_document(result, command, list(notes))
    drawings = plots.drawn(everybody.simulated, lambda: preference_figures(result))
    page = render(TEMPLATE, found, drawings, title or "Preference test report", refresh)
    return write(out, page, found, drawings, preference_tables(found))


def analyse_preferences(
    everybody: Choices, exclude: Sequence[str] = (), seed: int = 0, draws: int = 1000
) -> PreferenceResult:
    """All numbers of a report of preferences.

    Raises:
        UserError: a listener who is to be left out does not exist, or what is left cannot be
            compared.
    """
    choices = everybody.without(exclude)
    found = preference(choices.frame, draws, seed)
    unscreened = preference(everybody.frame, draws, seed) if choices.excluded else None
    return PreferenceResult(
        everybody, choices, found, unscreened, preference_details(choices, found), seed
    )


def _refuse_options(preferences: str | Path, options: Mapping[str, str | None]) -> None:
    name = "the database" if "://" in str(preferences) else Path(preferences).name
    page_type = options.get("--page-type")
    if page_type is not None and page_type.strip().lower() != AB:
        raise UserError(
            f"{name}: holds preferences (page type {AB}) and no pages of type {page_type!r}; leave "
            "--page-type out"
        )
    unused = [
        option
        for option, value in options.items()
        if value is not None and option not in _USED and _ANYWAY.get(option) != value
    ]
    if unused:
        raise UserError(
            f"{name}: holds preferences, for which {' and '.join(unused)} "
            f"{'has' if len(unused) == 1 else 'have'} no meaning; leave "
            f"{'it' if len(unused) == 1 else 'them'} out"
        )
