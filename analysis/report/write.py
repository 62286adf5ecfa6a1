"""Writer of a report: one HTML page that needs nothing else, its numbers, tables and figures."""

from pathlib import Path

from analysis.data.kinds import holds_preferences
from analysis.data.ratings import Ratings, read_ratings
from analysis.report.audio import sentences
from analysis.report.details import details
from analysis.report.document import document, tables
from analysis.report.figures import scores as plots
from analysis.report.figures.details import detail_figures
from analysis.report.files import HTML, JSON, render, write
from analysis.report.preference.write import write_preference_report
from analysis.report.result import Planted, analyse
from intone.contracts import ReportOptions, StimulusSet

__all__ = ["HTML", "JSON", "write_report"]


def write_report(
    ratings: str | Path, out: Path, options: ReportOptions, refresh: int | None = None
) -> Path:
    """Read, analyse and report ratings or preferences.

    The same ratings and options give the same bytes.

    Args:
        ratings: CSV, Parquet, SQLite file or database URL; see `read_ratings` and
            `read_preferences`, and `holds_preferences` for which of them reads it.
        out: folder for `report.html`, `report.json`, `tables/*.csv` and `.tex`, `figures/*.svg`
            and `.pdf`.
        options: options of `intone report`.
        refresh: seconds after which the open page reloads (while a study runs).

    Returns:
        Path of `report.html`.

    Raises:
        UserError: anything wrong with the input; nothing is written then.
    """
    if holds_preferences(ratings, options.page_type, options.study):
        return write_preference_report(ratings, out, options, refresh)
    table = _read(ratings, options)
    truth = Planted.read(options.planted) if options.planted is not None else None
    stimuli = options.stimuli
    audio = None if stimuli is None else StimulusSet.read(stimuli)
    result = analyse(table, options.contrasts, options.screening, truth, options.exclude)
    more = details(result, options.margin, options.planned_listeners, options.seed)
    heard = (
        () if audio is None or stimuli is None else sentences(audio, stimuli, table, more.pairs[0])
    )
    found = document(result, more, options.command(ratings), list(options.note))
    drawings = plots.drawn(
        table.simulated, lambda: {**plots.figures(result, more.scopes), **detail_figures(more)}
    )
    page = render(
        HTML,
        found,
        drawings,
        options.title or "Listening test report",
        refresh,
        heard=heard,
        component_labels=plots.COMPONENT_LABELS,
    )
    return write(out, page, found, drawings, tables(found))


def _read(ratings: str | Path, options: ReportOptions) -> Ratings:
    return read_ratings(
        ratings,
        baseline=options.baseline,
        reference=options.reference,
        anchor_low=options.anchor_low,
        anchor_mid=options.anchor_mid,
        study=options.study,
        question=options.question,
        scale=options.scale,
        page_type=options.page_type,
        repeats=options.repeats,
    )
