"""Write a report: one HTML page that needs nothing else, its numbers, tables and figures."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from analysis import plots, words
from analysis.compare import Contrasts
from analysis.document import TABLES, Row, document, tables
from analysis.ratings import Repeats, read_ratings
from analysis.results import Planted, analyse
from analysis.screening import RuleName
from intone.errors import UserError

HTML, JSON = "report.html", "report.json"


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
    repeats: Repeats = "first",
) -> Path:
    """Read, analyse and report ratings.

    The same ratings and options give the same bytes.

    Args:
        ratings: CSV, Parquet, SQLite file or database URL; see `read_ratings`, which also describes
            baseline, reference, anchors, study, question, scale and repeats.
        out: folder for `report.html`, `report.json`, `tables/*.csv` and `figures/*.svg`.
        contrasts: `vs-baseline` or `all`; see `contrast_pairs`.
        screening: `bs1534-3`, `mpeg` or `none`; see `screen`.
        planted: JSON of a rehearsal's true values, printed beside the estimates.
        notes: sentences to print under the headline.
        title: title of the page.

    Returns:
        Path of `report.html`.

    Raises:
        UserError: anything wrong with the input; nothing is written then.
    """
    table = read_ratings(
        ratings, baseline=baseline, reference=reference, anchor_low=anchor_low,
        anchor_mid=anchor_mid, study=study, question=question, scale=scale, repeats=repeats,
    )  # fmt: skip
    truth = Planted.read(planted) if planted is not None else None
    result = analyse(table, contrasts, screening, truth)
    options: dict[str, str | None] = {
        "--baseline": baseline, "--reference": reference, "--anchor-low": anchor_low,
        "--anchor-mid": anchor_mid, "--contrasts": contrasts, "--screening": screening,
        "--study": study, "--question": question,
        "--repeats": None if repeats == "first" else repeats,
        "--planted": None if planted is None else str(planted), "--title": title,
    }  # fmt: skip
    found = document(result, _command(ratings, options, scale, notes), list(notes))
    drawings = plots.figures(result)
    page = _render(found, drawings, title or "Listening test report")
    return _write(out, page, found, drawings)


def _command(
    ratings: str | Path,
    options: dict[str, str | None],
    scale: tuple[float, float] | None,
    notes: Sequence[str],
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
    for note in notes:
        parts += ["--note", note]
    return shlex.join([*parts, "-o", "report"])


def _render(found: Row, drawings: dict[str, str], title: str) -> str:
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
        signed=lambda v: words.number(some(v), 1, sign=True),
        pct=lambda v: words.percent(some(v)),
        spct=lambda v: words.percent(some(v), sign=True),
        p=lambda v: words.p_value(some(v)),
        ci=lambda v: pair(v, 1.0),
        ci_pct=lambda v: pair(v, 100.0),
    )
    # The figures are our own SVG; everything that came from a user is escaped by the template.
    inlined = {name: Markup(plots.inline(svg, name)) for name, svg in drawings.items()}
    labels = plots.COMPONENT_LABELS
    return environment.get_template(HTML).render(
        r=found, figures=inlined, title=title, component_labels=labels
    )


def _write(out: Path, page: str, found: Row, drawings: dict[str, str]) -> Path:
    try:
        for folder in (out, out / "tables", out / "figures"):
            folder.mkdir(parents=True, exist_ok=True)
        # What an earlier report left there must not pass for part of this one.
        for old in (
            *(out / "tables" / f"{name}.csv" for name in TABLES),
            *(out / "figures" / f"{name}.svg" for name in plots.FIGURES),
        ):
            old.unlink(missing_ok=True)
        for name, rows in tables(found).items():
            pd.DataFrame(rows).to_csv(out / "tables" / f"{name}.csv", index=False)
        for name, svg in drawings.items():
            (out / "figures" / f"{name}.svg").write_text(svg, encoding="utf-8")
        text = json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)
        (out / JSON).write_text(text + "\n", encoding="utf-8")
        (out / HTML).write_text(page, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{out}: the report cannot be written there ({error.strerror})") from error
    return out / HTML
