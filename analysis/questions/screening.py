"""Post-screening: exclusion of listeners by an agreed rule, with reasons.

Rules drop whole listeners, never single ratings. In tests of synthetic speech the hidden reference
is another rendition and not a transparent original, so a listener may honestly rate it below 90:
the report always shows its results with and without screening.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.data.ratings import Ratings
from analysis.wording import counted
from intone.contracts import ScreeningRule
from intone.errors import UserError

# A rule of one's own: reasons, in words, by listener who is to be left out.
OwnRule = Callable[[Ratings], Mapping[str, Sequence[str]]]

# BS.1534-3, post-screening; all four are strict inequalities.
_REFERENCE_BELOW = 0.90
_MID_ANCHOR_ABOVE = 0.90
_MORE_THAN_PERCENT_OF_ITEMS = 15
_MORE_THAN_PERCENT_OF_LISTENERS = 25


@dataclass(frozen=True)
class Exclusion:
    """One listener who was left out, with the reasons in words."""

    listener: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Screening:
    """Result of a screening rule.

    Attributes:
        rule: name of the rule; "own" for a function, "... + named" where listeners were named.
        excluded: listeners left out, by name.
        kept: the ratings of the others.
        notes: how the rule applied, one sentence each.
    """

    rule: str
    excluded: tuple[Exclusion, ...]
    kept: Ratings
    notes: tuple[str, ...] = ()


def screen(
    ratings: Ratings, rule: ScreeningRule | OwnRule | None = None, exclude: Sequence[str] = ()
) -> Screening:
    """Leave listeners out by a rule.

    * `bs1534-3`: hidden reference below 90 on more than 15 % of the items, or mid anchor above 90
      on more than 15 % of the items; an item on which more than 25 % of the listeners rate the mid
      anchor above 90 does not count for the second. 90 means 90 % of the scale.
    * `mpeg`: any item with the reference below 90, or without reference >= mid >= low anchor.
    * `none`: all listeners stay.
    * a function of the ratings that gives reasons by listener.

    Args:
        ratings: ratings of all listeners.
        rule: by default `bs1534-3` for MUSHRA pages on a scale from 0 to 100, else `none`.
        exclude: listeners who are left out besides, for a reason that ratings do not show.

    If the default rule would leave fewer than two listeners, all stay, with a note.

    Raises:
        UserError: unknown rule or listener, or too few listeners would be left.
    """
    chosen, notes = (rule, []) if rule is not None else _default_rule(ratings)
    reasons, name = _apply(chosen, ratings, notes)
    excluded = _excluded(reasons)
    left = len(ratings.listeners) - len(excluded)
    if excluded and left < 2 and rule is None:
        notes.insert(
            0,
            f"No listener was screened out: BS.1534-3 would leave {counted(left, 'listener')} of "
            f"{len(ratings.listeners)}, so either the recordings were not heard as better or the "
            "listeners were not listening. Decide which before quoting anything.",
        )
        reasons, name = {}, "none"
    if exclude:
        name += " + named"
        for listener in exclude:
            if listener not in ratings.listeners:
                raise UserError(
                    f"{ratings.source}: no listener {listener!r} (--exclude); check the name"
                )
            reasons.setdefault(listener, []).append("named by the analyst")
    excluded = _excluded(reasons)
    left = len(ratings.listeners) - len(excluded)
    if excluded and left < 2:
        raise UserError(
            f"{ratings.source}: screening rule {name} leaves {counted(left, 'listener')} of "
            f"{len(ratings.listeners)}; use --screening none and see how the reference was rated"
        )
    kept = ratings.without([exclusion.listener for exclusion in excluded])
    return Screening(name, excluded, kept, tuple(notes))


def _apply(
    rule: ScreeningRule | OwnRule, ratings: Ratings, notes: list[str]
) -> tuple[dict[str, list[str]], str]:
    """Return the reasons by listener, and the name of the rule."""
    if callable(rule):
        return {name: list(words) for name, words in rule(ratings).items()}, "own"
    rules: dict[str, Callable[[Ratings, list[str]], dict[str, list[str]]]] = {
        "bs1534-3": _bs1534,
        "mpeg": _mpeg,
        "none": lambda ratings, notes: {},  # noqa: ARG005
    }
    if rule not in rules:
        raise UserError(f"--screening {rule}: no such rule; choose {', '.join(rules)}")
    return rules[rule](ratings, notes), rule


def _excluded(reasons: dict[str, list[str]]) -> tuple[Exclusion, ...]:
    return tuple(Exclusion(name, tuple(reasons[name])) for name in sorted(reasons))


def _default_rule(ratings: Ratings) -> tuple[ScreeningRule, list[str]]:
    types = set(ratings.frame["page_type"])
    if "mushra_nmr" in types:
        return "none", [
            "No listener was screened out: listeners did not know of a reference in this test, so "
            "a low rating of the recording is an opinion and no mistake."
        ]
    if types == {"mushra"} and ratings.scale == (0.0, 100.0):
        return "bs1534-3", []
    return "none", [
        "No listener was screened out: BS.1534-3 is for MUSHRA pages on a scale from 0 to 100. "
        "(--screening bs1534-3 would apply its limits as shares of this scale.)"
    ]


def nine_tenths(scale: tuple[float, float]) -> str:
    """Return the standard's limit of 90 on this scale, for messages."""
    low, high = scale
    return f"{round(low + _REFERENCE_BELOW * (high - low), 9):g}"


def _wide(ratings: Ratings, system: str) -> pd.DataFrame:
    """Return scores of listeners by utterances, as fractions of the scale."""
    rows = ratings.frame[ratings.frame["system"] == system]
    low, high = ratings.scale
    table = rows.pivot_table(index="listener", columns="utterance", values="score")
    # Rounded, so that 4.6 on a scale from 1 to 5 is nine tenths and not a hair less.
    return ((table - low) / (high - low)).round(9)


def _bs1534(ratings: Ratings, notes: list[str]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    roles, limit = ratings.roles, nine_tenths(ratings.scale)
    if roles.reference is None:
        notes.append("No reference is named, so the reference part of BS.1534-3 could not apply.")
    else:
        table = _wide(ratings, roles.reference)
        _add_offenders(
            reasons, table, table < _REFERENCE_BELOW, f"hidden reference below {limit} on"
        )
    if roles.anchor_mid is None:
        notes.append("No mid anchor is named, so the mid-anchor part of BS.1534-3 could not apply.")
        return reasons
    table = _wide(ratings, roles.anchor_mid)
    high = table > _MID_ANCHOR_ABOVE
    generous = 100 * high.sum() > _MORE_THAN_PERCENT_OF_LISTENERS * table.notna().sum()
    if generous.any():
        notes.append(
            f"{counted(int(generous.sum()), 'item')} did not count for the mid-anchor rule: more "
            f"than 25 % of the listeners rated the mid anchor above {limit} "
            f"({', '.join(table.columns[generous])})."
        )
    # NaN cells (not rated) count neither as an offence nor as an item.
    kept = table.drop(columns=table.columns[generous])
    _add_offenders(reasons, kept, kept > _MID_ANCHOR_ABOVE, f"mid anchor above {limit} on")
    return reasons


def _add_offenders(
    reasons: dict[str, list[str]], table: pd.DataFrame, bad: pd.DataFrame, what: str
) -> None:
    times, items = bad.sum(axis=1), table.notna().sum(axis=1)
    for name in table.index[100 * times > _MORE_THAN_PERCENT_OF_ITEMS * items]:
        reasons.setdefault(str(name), []).append(f"{what} {times[name]} of {items[name]} items")


def _mpeg(ratings: Ratings, notes: list[str]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    roles = ratings.roles
    if roles.reference is None:
        raise UserError(
            f"{ratings.source}: screening rule mpeg needs the reference; name --reference"
        )
    reference = _wide(ratings, roles.reference)
    chain = [("reference", reference)]
    for name, system in (("mid anchor", roles.anchor_mid), ("low anchor", roles.anchor_low)):
        if system is None:
            notes.append(f"No {name} is named, so rule mpeg could not check its rank.")
        else:
            chain.append((name, _wide(ratings, system)))
    limit = nine_tenths(ratings.scale)
    _add_any(reasons, reference < _REFERENCE_BELOW, f"hidden reference below {limit} on")
    for (upper, high), (lower, low) in itertools.pairwise(chain):
        high, low = high.align(low)
        _add_any(reasons, high < low, f"{upper} below {lower} on")
    return reasons


def _add_any(reasons: dict[str, list[str]], bad: pd.DataFrame, what: str) -> None:
    for name, times in bad.sum(axis=1).items():
        if times:
            reasons.setdefault(str(name), []).append(f"{what} {counted(int(times), 'item')}")
