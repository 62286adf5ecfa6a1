"""Write a report: one HTML page that needs nothing else, its numbers, tables and figures."""

from collections.abc import Sequence
from pathlib import Path

from analysis.data.kinds import holds_preferences
from analysis.data.ratings import Repeats, read_ratings
from analysis.questions.compare import Contrasts
from analysis.questions.screening import RuleName
from analysis.report.audio import sentences
from analysis.report.details import details
from analysis.report.document import document, tables
from analysis.report.figures import scores as plots
from analysis.report.figures.details import detail_figures
from analysis.report.files import HTML, JSON, command_line, render, write
from analysis.report.preference.write import write_preference_report
from analysis.report.result import Planted, analyse
from intone.contracts import StimulusSet

__all__ = ["HTML", "JSON", "write_report"]


def write_report(
    ratings: str | Path,
    out: Path,
    *,
    baseline: str | None = None,
    reference: str | None = None,
    anchor_low: str | None = None,
    anchor_mid: str | None = None,
    contrasts: Contrasts | None = None,
    screening: RuleName | None = None,
    planted: Path | None = None,
    notes: Sequence[str] = (),
    title: str | None = None,
    study: str | None = None,
    question: str | None = None,
    scale: tuple[float, float] | None = None,
    page_type: str | None = None,
    repeats: Repeats = "first",
    exclude: Sequence[str] = (),
    margin: float | None = None,
    planned_listeners: int | None = None,
    stimuli: Path | None = None,
    seed: int = 0,
    refresh: int | None = None,
) -> Path:
    """Read, analyse and report ratings, or preferences if that is what there is.

    The same ratings and options give the same bytes.

    Args:
        ratings: CSV, Parquet, SQLite file or database URL; see `read_ratings` and
            `read_preferences`, and `holds_preferences` for which. The former also describes
            baseline, reference, anchors, study, question, scale, page_type and repeats.
        out: folder for `report.html`, `report.json`, `tables/*.csv` and `.tex`, `figures/*.svg`
            and `.pdf`.
        contrasts: `vs-baseline` or `all`; see `contrast_pairs`.
        screening: `bs1534-3`, `mpeg` or `none`; see `screen`.
        planted: JSON of a rehearsal's true values, printed beside the estimates.
        notes: sentences to print under the headline.
        title: title of the page.
        exclude: listeners who are left out besides; see `screen`.
        margin: largest difference that does not matter, points; asks for tests of equivalence.
        planned_listeners: for the correction for looks; by default those who took part.
        stimuli: stimulus set that was rated; the worst texts can then be heard in the page.
        seed: of everything random.
        refresh: the open page reads itself again after so many seconds (while a study runs).

    Returns:
        Path of `report.html`.

    Raises:
        UserError: anything wrong with the input; nothing is written then.
    """
    options: dict[str, str | None] = {
        "--baseline": baseline, "--reference": reference, "--anchor-low": anchor_low,
        "--anchor-mid": anchor_mid, "--contrasts": contrasts, "--screening": screening,
        "--study": study, "--question": question,
        "--page-type": page_type, "--repeats": None if repeats == "first" else repeats,
        "--margin": None if margin is None else f"{margin:g}",
        "--planned-listeners": None if planned_listeners is None else str(planned_listeners),
        "--seed": str(seed) if seed else None,
        "--planted": None if planted is None else str(planted), "--title": title,
        "--stimuli": None if stimuli is None else str(stimuli),
    }  # fmt: skip
    if holds_preferences(ratings, page_type, study):
        return write_preference_report(
            ratings, out, options=options | {"--scale": None if scale is None else str(scale)},
            notes=notes, title=title, study=study, question=question, repeats=repeats,
            exclude=exclude, seed=seed, refresh=refresh,
        )  # fmt: skip
    table = read_ratings(
        ratings, baseline=baseline, reference=reference, anchor_low=anchor_low,
        anchor_mid=anchor_mid, study=study, question=question, scale=scale, page_type=page_type,
        repeats=repeats,
    )  # fmt: skip
    truth = Planted.read(planted) if planted is not None else None
    audio = None if stimuli is None else StimulusSet.read(stimuli)
    result = analyse(table, contrasts, screening, truth, exclude)
    more = details(result, margin, planned_listeners, seed)
    heard = (
        () if audio is None or stimuli is None else sentences(audio, stimuli, table, more.pairs[0])
    )
    command = command_line(ratings, options, scale, [("--note", n) for n in notes]
                       + [("--exclude", name) for name in exclude])  # fmt: skip
    found = document(result, more, command, list(notes))
    drawings = plots.drawn(
        table.simulated, lambda: {**plots.figures(result, more.scopes), **detail_figures(more)}
    )
    page = render(
        HTML, found, drawings, title or "Listening test report", refresh, heard=heard,
        component_labels=plots.COMPONENT_LABELS,
    )  # fmt: skip
    return write(out, page, found, drawings, tables(found))
