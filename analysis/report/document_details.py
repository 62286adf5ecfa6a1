"""Further analyses as parts of `report.json`, flat rows where tables."""

from dataclasses import asdict
from typing import Any

import numpy as np

from analysis.questions.bs1534 import DRAWS, Bs1534
from analysis.questions.listeners import repeats_text
from analysis.questions.texts import TextMeans
from analysis.report.details import Details, PairDetails
from analysis.wording import stars
from intone.contracts.bs1534 import CAUTION

Row = dict[str, Any]

# Parts that are also written as tables.
TABLES = (
    "matrix",
    "omnibus",
    "effects",
    "wins",
    "ranks",
    "sensitivity",
    "equivalence",
    "texts",
    "arms",
    "listeners",
    "order",
    "distributions",
    "medians",
    "anova",
    "planned_contrasts",
    "compliance",
    "planning",
    "scopes",
    "text_means",
)
# Small, medium, large (Cohen 1988) and huge (Sawilowsky 2009).
_SIZES = (0.2, 0.5, 0.8, 2.0)


def result_row(result: Any) -> Row:
    """Return a result's fields without its `alpha`."""
    return {name: value for name, value in asdict(result).items() if name != "alpha"}


def details_rows(details: Details) -> Row:
    """All parts by name; numbers that do not exist are still NaN."""
    pairs = details.pairs
    looks, planning = details.looks, details.planning
    return {
        "matrix": [
            {
                "x": c.x,
                "y": c.y,
                "estimate": c.fit.estimate,
                "ci": c.ci,
                "p": c.fit.p,
                "p_adjusted": c.p_adjusted,
                "stars": stars(c.p_adjusted),
                "dz": c.dz,
                "size": _size(c.dz),
            }
            for c in details.matrix
        ],
        "omnibus": [
            {**result_row(row), "systems": ", ".join(row.systems), "text": row.text}
            for row in details.omnibus
        ],
        "effects": [asdict(pair.effects) for pair in pairs if pair.effects is not None],
        "scopes": [result_row(test) for test in details.scopes],
        "text_means": _text_means(details.texts),
        "wins": [asdict(row) for row in details.wins],
        "ranks": _ranks(details),
        "sensitivity": [row for pair in pairs for row in _sensitivity(pair)],
        "sensitivity_text": [p.universes.text for p in pairs if p.universes is not None],
        "equivalence": [
            {"x": pair.x, "y": pair.y, **result_row(pair.tost), "text": pair.tost.text}
            for pair in pairs
            if pair.tost is not None
        ],
        "texts": [{"x": p.x, "y": p.y, **asdict(item)} for p in pairs for item in p.items],
        "arms": [row for pair in pairs for row in _arms(pair, details.alpha)],
        "listeners": [{**asdict(row), "flags": "; ".join(row.flags)} for row in details.listeners],
        "repeats_text": repeats_text(details.listeners),
        "order": [{**result_row(row), "text": row.text} for row in details.order],
        **_standard(details.standard),
        "compliance": [asdict(row) for row in details.requirements],
        "compliance_caution": CAUTION,
        "looks": None if looks is None else asdict(looks),
        "planning": [] if planning is None else [asdict(row) for row in planning.designs],
        "planning_text": "" if planning is None else planning.text,
        "rank_tau": None if details.ranks is None else details.ranks.tau,
        "n_pairs_left_out": details.n_pairs_left_out,
        "draws": DRAWS,
        "seed": details.seed,
    }


def _size(dz: float) -> int:
    """Return a signed size: 1 small, 2 medium, 3 large, 4 huge."""
    if not np.isfinite(dz):
        return 0
    return int(np.sign(dz)) * int(np.searchsorted(_SIZES, abs(dz), side="right"))


def _text_means(texts: TextMeans) -> list[Row]:
    return [
        {
            "utterance": utterance,
            "system": system,
            "n": int(texts.n[u, s]),
            "mean": float(texts.means[u, s]),
        }
        for u, utterance in enumerate(texts.utterances)
        for s, system in enumerate(texts.systems)
        if texts.n[u, s]
    ]


def _ranks(details: Details) -> list[Row]:
    ranks = details.ranks
    if ranks is None:
        return []
    return [
        {"system": system, **{f"rank_{rank + 1}": float(share) for rank, share in enumerate(row)}}
        for system, row in zip(ranks.systems, ranks.chance, strict=True)
    ]


def _sensitivity(pair: PairDetails) -> list[Row]:
    if pair.universes is None:
        return []
    return [{"x": pair.x, "y": pair.y, **asdict(row)} for row in pair.universes.universes]


def _arms(pair: PairDetails, alpha: float) -> list[Row]:
    if pair.arms is None:
        return []
    nan = float("nan")
    alone = [
        {
            "x": pair.x,
            "y": pair.y,
            "arm": group.name,
            "minus": "",
            "estimate": group.fit.estimate,
            "ci": group.fit.ci(alpha),
            "p": group.fit.p,
            "p_adjusted": nan,
            "n_listeners": group.fit.n_listeners,
        }
        for group in pair.arms.groups
    ]
    against = [
        {
            "x": pair.x,
            "y": pair.y,
            "arm": c.a,
            "minus": c.b,
            "estimate": c.estimate,
            "ci": c.ci,
            "p": c.p,
            "p_adjusted": c.p_adjusted,
            "n_listeners": None,
        }
        for c in pair.arms.contrasts
    ]
    return alone + against


def _standard(standard: Bs1534) -> Row:
    effects = [
        {
            "name": effect.name,
            "p_by_rule": effect.p,
            "multivariate": effect.multivariate,
            "note": effect.note,
            **asdict(effect.test),
        }
        for effect in standard.effects
    ]
    return {
        "distributions": [{**asdict(s), "bimodal": s.bimodal} for s in standard.systems],
        "medians": [asdict(row) for row in standard.medians],
        "anova": effects,
        "planned_contrasts": [result_row(row) for row in standard.contrasts],
        "anova_listeners": standard.n_listeners,
        "not_covered": standard.not_covered,
    }
