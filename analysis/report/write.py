"""Writer of a report: one HTML page, numbers, tables and figures."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from analysis import wording
from analysis.data.kinds import holds_preferences
from analysis.data.ratings import Ratings, read_ratings
from analysis.report import document, latex
from analysis.report.audio import sentences
from analysis.report.details import details
from analysis.report.document import Parts, Row
from analysis.report.figures import details as detail_figures
from analysis.report.figures import scores
from analysis.report.figures.style import COMPONENT_LABELS, Drawing, drawn, inline
from analysis.report.preference.document import TABLES as PREFERENCE_TABLES
from analysis.report.preference.figures import FIGURES as PREFERENCE_FIGURES
from analysis.report.preference.write import preference_parts
from analysis.report.result import Planted, analyse
from intone.contracts import ReportOptions, StimulusSet
from intone.errors import UserError

HTML, JSON = "report.html", "report.json"
# Files of all kinds of reports: those of an earlier one are deleted from the folder.
_TABLES = {*document.TABLES, *PREFERENCE_TABLES}
_FIGURES = {*scores.FIGURES, *detail_figures.FIGURES, *PREFERENCE_FIGURES}


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
        parts = preference_parts(ratings, options)
    else:
        parts = _rating_parts(ratings, options)
    return _write(out, parts, _render(parts, refresh))


def _rating_parts(ratings: str | Path, options: ReportOptions) -> Parts:
    table = _read(ratings, options)
    truth = Planted.read(options.planted) if options.planted is not None else None
    stimuli = options.stimuli
    audio = None if stimuli is None else StimulusSet.read(stimuli)
    result = analyse(
        table, options.contrasts, options.screening, truth, options.exclude, options.alpha
    )
    more = details(result, options.margin, options.planned_listeners, options.seed)
    heard = (
        () if audio is None or stimuli is None else sentences(audio, stimuli, table, more.pairs[0])
    )
    content = document.document(result, more, options.command(ratings), list(options.note))
    drawings = drawn(
        table.simulated,
        lambda: {**scores.figures(result, more.scopes), **detail_figures.detail_figures(more)},
    )
    return Parts(
        template=HTML,
        title=options.title or "Listening test report",
        document=content,
        drawings=drawings,
        tables=document.tables(content),
        variables={"heard": heard, "component_labels": COMPONENT_LABELS},
    )


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


def _render(parts: Parts, refresh: int | None) -> str:
    """Return the page; text that a user typed is escaped.

    The template uses `r` for the document, `figures` for the drawings by name, and `coverage`,
    `covered`, `level` and `threshold` for the level: 95 %, 95, 5 % and .05.
    """
    environment = Environment(
        loader=PackageLoader("analysis.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(_filters())
    alpha = parts.document["alpha"]
    coverage = wording.coverage(alpha)
    environment.globals.update(
        coverage=coverage,
        covered=coverage.removesuffix(" %"),
        level=wording.percent_of(alpha),
        threshold=wording.threshold(alpha),
    )
    # The figures are made by the report itself; the template escapes everything that a user typed.
    figures = {name: Markup(inline(d.svg, name)) for name, d in parts.drawings.items()}
    return environment.get_template(parts.template).render(
        r=parts.document, figures=figures, title=parts.title, refresh=refresh, **parts.variables
    )


def _filters() -> dict[str, object]:
    def some(value: float | None) -> float:
        return float("nan") if value is None else value

    def pair(value: Sequence[float | None], factor: float) -> str:
        return wording.interval((factor * some(value[0]), factor * some(value[1])))

    return {
        "counted": wording.counted,
        "num": lambda v, digits=1: wording.number(some(v), digits),
        "signed": lambda v, digits=1: wording.number(some(v), digits, sign=True),
        "pct": lambda v: wording.percent(some(v)),
        "spct": lambda v: wording.percent(some(v), sign=True),
        "p": lambda v: wording.p_value(some(v)),
        "minus": lambda v: None if v is None else -v,
        "ci": lambda v: pair(v, 1.0),
        "ci2": lambda v: wording.interval((some(v[0]), some(v[1])), 2),
        "ci_pct": lambda v: pair(v, 100.0),
    }


def _write(out: Path, parts: Parts, page: str) -> Path:
    try:
        for folder in (out, out / "tables", out / "figures"):
            folder.mkdir(parents=True, exist_ok=True)
        _delete_old(out)
        _write_tables(out / "tables", parts.tables, parts.document)
        _write_figures(out / "figures", parts.drawings)
        text = json.dumps(parts.document, indent=2, ensure_ascii=False, allow_nan=False)
        (out / JSON).write_text(text + "\n", encoding="utf-8")
        (out / HTML).write_text(page, encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"{out}: the report cannot be written there ({error.strerror}); choose another folder"
        ) from error
    return out / HTML


def _delete_old(out: Path) -> None:
    """Delete tables and figures of an earlier report; other files stay."""
    for path in (
        *(out / "tables" / f"{name}.csv" for name in _TABLES),
        *(out / "tables" / f"{name}.tex" for name in latex.NAMES),
        *(out / "figures" / f"{name}.{kind}" for name in _FIGURES for kind in ("svg", "pdf")),
    ):
        path.unlink(missing_ok=True)


def _write_tables(folder: Path, tables: Mapping[str, list[Row]], content: Row) -> None:
    for name, rows in tables.items():
        table = pd.DataFrame(rows).map(_without_formula)
        table.to_csv(folder / f"{name}.csv", index=False)
    for name, text in latex.latex_tables(content).items():
        (folder / f"{name}.tex").write_text(text, encoding="utf-8")


def _write_figures(folder: Path, drawings: Mapping[str, Drawing]) -> None:
    for name, drawing in drawings.items():
        (folder / f"{name}.svg").write_text(drawing.svg, encoding="utf-8")
        (folder / f"{name}.pdf").write_bytes(drawing.pdf)


def _without_formula(cell: object) -> object:
    """Put an apostrophe before text that a spreadsheet would run."""
    if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{cell}"
    return cell
