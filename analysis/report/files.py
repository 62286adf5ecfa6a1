"""Files of a report: the page, its numbers, tables and figures."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from analysis import wording as words
from analysis.report import document, latex
from analysis.report.document import Row
from analysis.report.figures import details as plots_details
from analysis.report.figures import scores as plots
from analysis.report.figures.scores import Drawing
from analysis.report.preference import document as preference_document
from analysis.report.preference import figures as preference_plots
from intone.errors import UserError

HTML, JSON = "report.html", "report.json"
# Of all kinds of reports: what another left in the folder must not pass for part of this one.
_TABLES = {*document.TABLES, *preference_document.TABLES}
_FIGURES = {*plots.FIGURES, *plots_details.FIGURES, *preference_plots.FIGURES}


def render(
    template: str,
    found: Row,
    drawings: Mapping[str, Drawing],
    title: str,
    refresh: int | None,
    **more: object,
) -> str:
    """The page: what a user typed is escaped, a number that does not exist is said.

    Args:
        template: file name in `analysis/report/templates`.
        found: `report.json`; `r` in the template.
        drawings: figures by name; `figures` in the template.
        title: of the page.
        refresh: seconds after which the open page reads itself again.
        more: whatever else the template uses.
    """
    environment = Environment(
        loader=PackageLoader("analysis.report"),
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
    return environment.get_template(template).render(
        r=found, figures=inlined, title=title, refresh=refresh, **more
    )


def _no_formula(cell: object) -> object:
    """A name that a spreadsheet would run gets an apostrophe before it."""
    if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{cell}"
    return cell


def write(
    out: Path,
    page: str,
    found: Row,
    drawings: Mapping[str, Drawing],
    tables: Mapping[str, list[Row]],
) -> Path:
    """Write all files of a report; returns the path of the page.

    Raises:
        UserError: the folder cannot be written.
    """
    try:
        for folder in (out, out / "tables", out / "figures"):
            folder.mkdir(parents=True, exist_ok=True)
        for old in (
            *(out / "tables" / f"{name}.csv" for name in _TABLES),
            *(out / "tables" / f"{name}.tex" for name in latex.NAMES),
            *(out / "figures" / f"{name}.{kind}" for name in _FIGURES for kind in ("svg", "pdf")),
        ):
            old.unlink(missing_ok=True)
        for name, rows in tables.items():
            table = pd.DataFrame(rows).map(_no_formula)
            table.to_csv(out / "tables" / f"{name}.csv", index=False)
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
