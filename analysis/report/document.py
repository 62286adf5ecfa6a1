"""A result as `report.json` and as tables."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from analysis.models.crossed import TwoWayFit
from analysis.questions.agreement import ICC, Agreement
from analysis.questions.compare import Comparison, family_size
from analysis.questions.gap import Gap
from analysis.report import document_details
from analysis.report.details import Details
from analysis.report.figures.style import Drawing
from analysis.report.methods import method_name, methods_text, results_text, versions
from analysis.report.result import Result
from analysis.report.warnings import lights, warnings
from analysis.wording import SIMULATED

Row = dict[str, Any]

TABLES = (
    "systems",
    "comparisons",
    "gaps",
    "excluded",
    "planted",
    "unscreened",
    *document_details.TABLES,
)


@dataclass(frozen=True)
class Parts:
    """Parts of a report before they are written.

    Attributes:
        template: file name in `analysis/report/templates`.
        title: title of the page.
        document: content of `report.json`.
        drawings: figures by file name without suffix.
        tables: tables that are written as CSV, by file name without suffix.
        variables: further variables of the template.
    """

    template: str
    title: str
    document: Row
    drawings: Mapping[str, Drawing]
    tables: Mapping[str, list[Row]]
    variables: Mapping[str, object] = field(default_factory=dict)


def document(result: Result, details: Details, command: str, notes: list[str]) -> Row:
    """`report.json`: plain types; null where not defined; gaps and gains are fractions."""
    components = result.components
    without_comparisons, without_gaps = result.unscreened
    report = {
        "version": 1,
        "alpha": result.alpha,
        "origin": result.ratings.origin,
        "label": SIMULATED if result.ratings.simulated else None,
        "source": {"name": result.ratings.source, "ratings_sha256": result.everybody.sha256},
        "notes": notes,
        "headline": result.headline,
        "lights": lights(result),
        "design": {
            "n_listeners": len(result.ratings.listeners),
            "n_utterances": len(result.ratings.utterances),
            "n_ratings": len(result.ratings.frame),
            "n_listeners_before_screening": len(result.everybody.listeners),
            "scale": result.ratings.scale,
        },
        "screening": {
            "rule": result.screening.rule,
            "excluded": [vars(exclusion) for exclusion in result.screening.excluded],
            "without": {
                "comparisons": _rows(without_comparisons),
                "gaps": [vars(gap) for gap in without_gaps],
            },
        },
        "systems": [
            {key: value for key, value in vars(s).items() if key != "scores"}
            for s in result.systems
        ],
        "comparisons": _rows(result.comparisons),
        "gaps": [gap_row(gap) for gap in result.gaps],
        "variance_components": None if components is None else vars(components),
        "agreement": {
            "all_systems": agreement_row(result.agreement_all),
            "without_reference_and_anchors": agreement_row(result.agreement_tested),
        },
        "planted": [vars(row) for row in result.planted],
        **document_details.details_rows(details),
        "methods_text": methods_text(result),
        "results_text": results_text(result),
        "warnings": warnings(result) + ([details.looks.text] if details.looks else []),
        "command": command,
        "versions": versions(),
    }
    return plain(report)


def _rows(comparisons: Sequence[Comparison]) -> list[Row]:
    family = family_size(comparisons)
    return [comparison_row(c, family) for c in comparisons]


def comparison_row(c: Comparison, family: int) -> Row:
    """One comparison of a family, flat: x minus y."""
    fit = c.fit
    return {
        "x": c.x,
        "y": c.y,
        "estimate": fit.estimate,
        "se": fit.se,
        "df": fit.df,
        "ci": c.ci,
        "simultaneous_ci": c.simultaneous_ci(family),
        "stat": fit.t,
        "p": fit.p,
        "p_adjusted": c.p_adjusted,
        "adjust": "holm",
        "method": method_name(fit),
        "naive_p": c.naive_p,
        "naive_ci": c.naive_ci,
        "design_effect": c.design_effect,
        **sample_row(fit),
        "wilcoxon_w_plus": c.wilcoxon.w_plus,
        "wilcoxon_p": c.wilcoxon.p,
        "wilcoxon_p_adjusted": c.wilcoxon_p_adjusted,
        "listener_p": c.listener_p,
        "hodges_lehmann": c.hodges_lehmann,
        "dz": c.dz,
        "rank_biserial": c.wilcoxon.rank_biserial,
        "win_rate": c.win_rate,
    }


def sample_row(fit: TwoWayFit) -> Row:
    """Return plain mean, sample sizes and variance components of a fit."""
    return {
        "raw": fit.raw,
        "n_pages": fit.n_pages,
        "n_listeners": fit.n_listeners,
        "n_utterances": fit.n_utterances,
        "listener_variance": fit.listener,
        "utterance_variance": fit.utterance,
        "residual_variance": fit.residual,
    }


def gap_row(gap: Gap) -> Row:
    """One gap; `means` are those of system, baseline and reference."""
    return dict(vars(gap))


def agreement_row(agreement: Agreement) -> Row:
    """Return agreement over one set of systems; null where undefined."""
    return {
        "systems": agreement.systems,
        **{
            f"icc_{kind}{size}": None if icc is None else vars(of(icc))
            for kind, icc in (("a", agreement.icc), ("c", agreement.consistency))
            for size, of in (("1", lambda icc: icc), ("k", ICC.of_mean))
        },
        "kendall_w": None if agreement.concordance is None else vars(agreement.concordance),
        "krippendorff_alpha": agreement.krippendorff,
    }


def tables(document: Row) -> dict[str, list[Row]]:
    """Return the tables written as CSV, by file name without suffix."""
    unscreened = document["screening"]["without"]["comparisons"]
    return csv_tables(document, TABLES, {"unscreened": unscreened})


def csv_tables(
    document: Row, names: Sequence[str], special: Mapping[str, list[Row]]
) -> dict[str, list[Row]]:
    """Return the named tables that have rows, by name.

    Every row is flat and carries the origin, so that a table keeps its label wherever it is copied.

    Args:
        document: content of `report.json`.
        names: tables, in order.
        special: rows of tables that the document does not have under the same name.
    """
    excluded = [
        {"listener": row["listener"], "reasons": "; ".join(row["reasons"])}
        for row in document["screening"]["excluded"]
    ]
    tables = {**document, "excluded": excluded, **special}
    label = document["label"] or document["origin"]
    return {
        name: [{**_flat(row), "origin": label} for row in tables[name]]
        for name in names
        if tables[name]
    }


def _flat(row: Row) -> Row:
    flat: Row = {}
    for key, value in row.items():
        if key == "ci" or key.endswith("_ci"):
            flat[f"{key}_low"], flat[f"{key}_high"] = value
        elif key == "means":
            names = ("mean_system", "mean_baseline", "mean_reference")
            flat.update(zip(names, value, strict=True))
        else:
            flat[key] = value
    return flat


def plain(value: Any) -> Any:
    """Return JSON types: 12 significant digits, null for non-finite numbers."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float):
        return float(f"{value:.12g}") if math.isfinite(value) else None
    return value
