"""A preference test as `report.json` and as tables."""

from dataclasses import asdict

from analysis.models.crossed import TwoWayFit
from analysis.questions.preference import PairPreference
from analysis.questions.preference_details import Sides
from analysis.report.document import Row, csv_tables, plain, sample_row
from analysis.report.document_details import result_row
from analysis.report.methods import method_name, versions
from analysis.report.preference.text import (
    PreferenceResult,
    bounded_abilities,
    methods_text,
    results_text,
    sides_text,
    warnings,
)
from analysis.wording import SIMULATED

TABLES = ("pairs", "abilities", "sides", "listeners", "texts", "order", "excluded", "everybody")


def preference_document(result: PreferenceResult, command: str, notes: list[str]) -> Row:
    """`report.json` of preferences: plain types; null where not defined; shares are fractions."""
    choices, preferences, details = result.choices, result.preferences, result.details
    unscreened = preferences if result.unscreened is None else result.unscreened
    document = {
        "version": 1,
        "alpha": result.alpha,
        "kind": "preferences",
        "origin": choices.origin,
        "label": SIMULATED if choices.simulated else None,
        "source": {"name": choices.source, "choices_sha256": result.everybody.sha256},
        "notes": notes,
        "headline": result.headline,
        "lights": result.lights,
        "design": {
            "n_listeners": len(choices.listeners),
            "n_utterances": len(choices.utterances),
            "n_choices": len(choices.frame),
            "n_systems": len(preferences.abilities),
            "n_pairs": len(preferences.pairs),
            "n_listeners_before_screening": len(result.everybody.listeners),
        },
        "screening": {
            "rule": "none + named" if choices.excluded else "none",
            "excluded": [{"listener": n, "reasons": ["named"]} for n in choices.excluded],
            "without": {"pairs": [pair_row(pair) for pair in unscreened.pairs]},
        },
        "pairs": [pair_row(pair) for pair in preferences.pairs],
        "abilities": [
            {"place": position, **result_row(ability)}
            for position, ability in enumerate(bounded_abilities(preferences), 1)
        ],
        "model": {
            "tie": preferences.tie,
            "determined": preferences.determined,
            "unbounded_samples": preferences.unbounded,
        },
        "sides": None if details.sides is None else _sides(details.sides, result.alpha),
        "listeners": [asdict(row) for row in details.listeners],
        "texts": [asdict(row) for row in details.texts],
        "order": [{**result_row(row), "text": row.text} for row in details.order],
        "agreement": {"krippendorff_alpha": details.alpha},
        "methods_text": methods_text(result),
        "results_text": results_text(result),
        "warnings": warnings(result),
        "command": command,
        "seed": result.seed,
        "draws": preferences.draws,
        "versions": versions(),
    }
    return plain(document)


def pair_row(pair: PairPreference) -> Row:
    """One pair, flat: x minus y."""
    n = pair.n
    return {
        "x": pair.x,
        "y": pair.y,
        "n": n,
        "n_x": pair.n_x,
        "n_none": pair.n_none,
        "n_y": pair.n_y,
        "share_x": pair.n_x / n,
        "share_none": pair.n_none / n,
        "share_y": pair.n_y / n,
        **_fit(pair.fit, pair.alpha),
        "ci": pair.ci,
        "p_adjusted": pair.p_adjusted,
        "adjust": "holm",
        "significant": pair.significant,
        "model_win": pair.model_win,
        "model_ci": pair.model_ci,
        "model_p": pair.model_p,
        "naive_p": pair.naive_p,
        "listeners_x": pair.listeners_x,
        "listeners_y": pair.listeners_y,
        "listener_p": pair.listener_p,
        "text": pair.text,
    }


def _fit(fit: TwoWayFit, alpha: float) -> Row:
    return {
        "estimate": fit.estimate,
        "se": fit.se,
        "df": fit.df,
        "ci": fit.ci(alpha),
        "stat": fit.t,
        "p": fit.p,
        "method": method_name(fit),
        **sample_row(fit),
    }


def _sides(sides: Sides, alpha: float) -> Row:
    fit = sides.fit
    nothing = {"estimate": None, "ci": (None, None), "p": None}
    return {
        "recorded": sides.recorded,
        "n": sides.n,
        "n_first": sides.n_first,
        "n_none": sides.n_none,
        "n_second": sides.n_second,
        "share_first": sides.n_first / sides.n,
        "share_none": sides.n_none / sides.n,
        "share_second": sides.n_second / sides.n,
        **(nothing if fit is None else _fit(fit, alpha)),
        "text": sides_text(sides, alpha),
        "pairs": [asdict(pair) for pair in sides.pairs],
    }


def preference_tables(document: Row) -> dict[str, list[Row]]:
    """Return the tables written as CSV, by file name without suffix."""
    sides, screening = document["sides"], document["screening"]
    special = {
        "sides": [] if sides is None else sides["pairs"],
        "listeners": [{**row, "flags": "; ".join(row["flags"])} for row in document["listeners"]],
        "everybody": screening["without"]["pairs"] if screening["excluded"] else [],
    }
    return csv_tables(document, TABLES, special)
