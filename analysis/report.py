"""Write a report: one HTML page that needs nothing else, its numbers, tables and figures."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from analysis import latex, plots, plots_details, words
from analysis.compare import Contrasts
from analysis.details import details
from analysis.document import TABLES, Row, document, tables
from analysis.listening import Sentence, sentences
from analysis.plots import Drawing
from analysis.plots_details import detail_figures
from analysis.ratings import Repeats, read_ratings
from analysis.results import Planted, analyse
from analysis.screening import RuleName
from intone.contracts import StimulusSet
from intone.errors import UserError

HTML, JSON = "report.html", "report.json"
_FIGURES = (*plots.FIGURES, *plots_details.FIGURES)


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
    """Read, analyse and report ratings.

    The same ratings and options give the same bytes.

    Args:
        ratings: CSV, Parquet, SQLite file or database URL; see `read_ratings`, which also describes
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
    command = _command(ratings, options, scale, [("--note", n) for n in notes]
                       + [("--exclude", name) for name in exclude])  # fmt: skip
    found = document(result, more, command, list(notes))
    drawings = plots.drawn(
        table.simulated, lambda: {**plots.figures(result, more.scopes), **detail_figures(more)}
    )
    page = _render(found, drawings, heard, title or "Listening test report", refresh)
    return _write(out, page, found, drawings)


def _command(
    ratings: str | Path,
    options: dict[str, str | None],
    scale: tuple[float, float] | None,
    repeated: Sequence[tuple[str, str]],
) -> str:
    """The command line that makes this report again; a password in a URL is left out."""
    source = str(ratings)
    if "://" in source:
        from sqlalchemy import make_url

        source = make_url(source).render_as_string(hide_password=True)
    parts = ["intone", "report", source]
    for option, value in options.items():
        if value is not None:
            parts += [option, value]
    if scale is not None:
        parts += ["--scale", f"{scale[0]:g}", f"{scale[1]:g}"]
    for option, value in repeated:
        parts += [option, value]
    return shlex.join([*parts, "-o", "report"])


def _render(
    found: Row,
    drawings: dict[str, Drawing],
    heard: Sequence[Sentence],
    title: str,
    refresh: int | None,
) -> str:
    environment = Environment(
        loader=PackageLoader("analysis"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def some(value: float | None) -> float:
        return float("nan") if value is None else value

    def pair(value: Sequence[float | None], factor: float) -> str:
        return words.interval((factor * some(value[0]), factor * some(value[1])))

    environment.filters.update(
        counted=words.counted,
        num=lambda v, digits=1: words.number(some(v), digits),
        signed=lambda v, digits=1: words.number(some(v), digits, sign=True),
        pct=lambda v: words.percent(some(v)),
        spct=lambda v: words.percent(some(v), sign=True),
        p=lambda v: words.p_value(some(v)),
        minus=lambda v: None if v is None else -v,
        ci=lambda v: pair(v, 1.0),
        ci2=lambda v: words.interval((some(v[0]), some(v[1])), 2),
        ci_pct=lambda v: pair(v, 100.0),
    )
    # The figures are our own SVG; everything that came from a user is escaped by the template.
    inlined = {name: Markup(plots.inline(d.svg, name)) for name, d in drawings.items()}
    labels = plots.COMPONENT_LABELS
    return environment.get_template(HTML).render(
        r=found, figures=inlined, heard=heard, title=title, component_labels=labels, refresh=refresh
    )


def _write(out: Path, page: str, found: Row, drawings: dict[str, Drawing]) -> Path:
    try:
        for folder in (out, out / "tables", out / "figures"):
            folder.mkdir(parents=True, exist_ok=True)
        # What an earlier report left there must not pass for part of this one.
        for old in (
            *(out / "tables" / f"{name}.csv" for name in TABLES),
            *(out / "tables" / f"{name}.tex" for name in latex.NAMES),
            *(out / "figures" / f"{name}.{kind}" for name in _FIGURES for kind in ("svg", "pdf")),
        ):
            old.unlink(missing_ok=True)
        for name, rows in tables(found).items():
            pd.DataFrame(rows).to_csv(out / "tables" / f"{name}.csv", index=False)
        for name, text in latex.latex_tables(found).items():
            (out / "tables" / f"{name}.tex").write_text(text, encoding="utf-8")
        for name, drawing in drawings.items():
            (out / "figures" / f"{name}.svg").write_text(drawing.svg, encoding="utf-8")
            (out / "figures" / f"{name}.pdf").write_bytes(drawing.pdf)
        text = json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)
        (out / JSON).write_text(text + "\n", encoding="utf-8")
        (out / HTML).write_text(page, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{out}: the report cannot be written there ({error.strerror})") from error
    return out / HTML
