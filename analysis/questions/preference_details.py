"""Further results of a preference test.

Sides of the screen, listeners, texts, drift and agreement.
"""

from dataclasses import dataclass

import krippendorff
import numpy as np
import pandas as pd

from analysis.data.preferences import Choices
from analysis.models.crossed import TwoWayFit
from analysis.questions.order import OrderEffect, drift
from analysis.questions.preference import Preferences, fit_choices

_NAN = float("nan")
# Fewer choices say nothing about a habit.
_ENOUGH = 10


@dataclass(frozen=True)
class PairSides:
    """Choices of one pair by order of presentation.

    Attributes:
        x, y: names of the systems.
        n_x_first, n_y_first: choices with x (y) first.
        share_x_first, share_x_second: share of x among all choices with x first (second); NaN
            without such choices.
    """

    x: str
    y: str
    n_x_first: int
    n_y_first: int
    share_x_first: float
    share_x_second: float


@dataclass(frozen=True)
class Sides:
    """Side effect: choices of the version on the first side.

    Attributes:
        recorded: True if the table holds the first side; otherwise column a is taken as first.
        n: choices whose sides are known.
        n_first, n_none, n_second: choices of the first side, of neither, of the second.
        fit: two-way model of the side (1 first, 0 none, -1 second) after taking out each pair's
            preference, from pairs that were heard in both orders; none if there are none.
        pairs: every pair by order of presentation.
    """

    recorded: bool
    n: int
    n_first: int
    n_none: int
    n_second: int
    fit: TwoWayFit | None
    pairs: tuple[PairSides, ...]


@dataclass(frozen=True)
class ListenerChoices:
    """Choices of one listener; undefined numbers are NaN.

    Attributes:
        listener: pseudonym.
        n: number of choices.
        share_first: share of the first side among choices of either side.
        share_none: share of choices for neither.
        agreement: share of equal choices of other listeners on the same texts and pairs.
        median_seconds: median time from opening a page to the last change, s; NaN if not recorded.
        flags: unusual facts, in words.
    """

    listener: str
    n: int
    share_first: float
    share_none: float
    agreement: float
    median_seconds: float
    flags: tuple[str, ...]


@dataclass(frozen=True)
class TextChoices:
    """Choices between x and y on one text.

    `difference` is the share of x minus that of y.
    """

    x: str
    y: str
    utterance: str
    n_x: int
    n_none: int
    n_y: int
    difference: float


@dataclass(frozen=True)
class PreferenceDetails:
    """Further results of a preference test.

    Attributes:
        sides: none if sides are not recorded and every pair is listed in one order.
        listeners: by name.
        texts: by pair, the texts with most choices of y first.
        order: drifts over the pages of a sitting, where their order is recorded and varies.
        alpha: Krippendorff's (nominal); none where it has no meaning.
    """

    sides: Sides | None
    listeners: tuple[ListenerChoices, ...]
    texts: tuple[TextChoices, ...]
    order: tuple[OrderEffect, ...]
    alpha: float | None


def preference_details(
    choices: Choices, result: Preferences, alpha: float = 0.05
) -> PreferenceDetails:
    """Analyse sides, listeners, texts, drift and agreement.

    Args:
        choices: the choices.
        result: their analysis, whose pairs say which system is x.
        alpha: two-sided level; intervals are 1 - alpha.
    """
    frame = _oriented(choices, result)
    if not choices.sides_recorded and (frame.groupby(["x", "y"])["x_first"].nunique() < 2).all():
        # Then a and b are names of versions, not sides.
        frame[["first", "x_first"]] = _NAN
    return PreferenceDetails(
        _sides(frame, choices.sides_recorded),
        _listeners(frame),
        _texts(frame),
        _order(frame, alpha),
        _alpha(frame),
    )


def _oriented(choices: Choices, result: Preferences) -> pd.DataFrame:
    """Add x, y, `value` (1, 0, -1) and `x_first` (1, -1, NaN)."""
    frame = choices.frame
    pairs = {}
    for pair in result.pairs:
        pairs[pair.x, pair.y] = pairs[pair.y, pair.x] = (pair.x, pair.y)
    both = list(zip(frame["system_a"], frame["system_b"], strict=True))
    x, y = zip(*(pairs[pair] for pair in both), strict=True)
    a_is_x = np.where(frame["system_a"] == np.array(x, dtype=object), 1, -1)
    order = {pair: k for k, pair in enumerate((pair.x, pair.y) for pair in result.pairs)}
    a_first = np.ones(len(frame))
    if choices.sides_recorded:
        a_first = frame["first_on_screen"].map({"a": 1.0, "b": -1.0}).to_numpy(float)
    value = frame["choice"].map({"a": 1, "b": -1, "none": 0}).to_numpy(int) * a_is_x
    frame = frame.assign(x=x, y=y, value=value, x_first=a_first * a_is_x)
    # In the order of the results, wherever pairs are grouped.
    return frame.iloc[np.argsort([order[pair] for pair in zip(x, y, strict=True)], kind="stable")]


def _sides(frame: pd.DataFrame, recorded: bool) -> Sides | None:
    frame = frame.dropna(subset=["x_first"])
    if frame.empty:
        return None
    pairs, left = [], []
    for (x, y), rows in frame.groupby(["x", "y"], sort=False):
        first, second = rows[rows["x_first"] > 0], rows[rows["x_first"] < 0]
        shares = [
            float((part["value"] == 1).mean()) if len(part) else _NAN for part in (first, second)
        ]
        pairs.append(PairSides(str(x), str(y), len(first), len(second), *shares))
        if len(first) and len(second):
            # The preference of the pair turns with the order, the habit of the side does not.
            preferred = (first["first"].mean() - second["first"].mean()) / 2
            left.append(rows.assign(side=rows["first"] - rows["x_first"] * preferred))
    fit = None
    if left:
        both = pd.concat(left)
        fit = fit_choices(both["listener"], both["utterance"], both["side"].to_numpy(float))
    n_first, n_none, n_second = (int((frame["first"] == v).sum()) for v in (1, 0, -1))
    return Sides(recorded, len(frame), n_first, n_none, n_second, fit, tuple(pairs))


def _listeners(frame: pd.DataFrame) -> tuple[ListenerChoices, ...]:
    once = frame[frame["repeat"] == 0]
    item = ["utterance", "x", "y"]
    n_others = once.groupby(item)["value"].transform("size") - 1
    same = once.groupby([*item, "value"])["value"].transform("size") - 1
    agreed = (same / n_others).where(n_others > 0)
    # Guessing evenly agrees with anybody in one of two (three) choices.
    chance = 1 / 3 if (frame["value"] == 0).any() else 1 / 2
    return tuple(
        _listener(str(name), rows, agreed.reindex(rows.index), chance)
        for name, rows in frame.groupby("listener", sort=True)
    )


def _listener(name: str, rows: pd.DataFrame, agreed: pd.Series, chance: float) -> ListenerChoices:
    sided = rows.loc[rows["first"].abs() == 1, "first"]
    times = pd.to_numeric(rows["rating_time_ms"], errors="coerce").dropna()
    first = float((sided == 1).mean()) if len(sided) else _NAN
    none, agreement = float((rows["value"] == 0).mean()), float(agreed.mean())
    flags = []
    if len(sided) >= _ENOUGH and max(first, 1 - first) >= 0.9:
        flags.append("nearly always chose one side")
    if len(rows) >= _ENOUGH and none > 0.8:
        flags.append("nearly always chose neither")
    if agreed.notna().sum() >= _ENOUGH and agreement < chance:
        flags.append("agrees with the others less often than guessing would")
    return ListenerChoices(
        name,
        len(rows),
        first,
        none,
        agreement,
        float(times.median()) / 1000 if len(times) else _NAN,
        tuple(flags),
    )


def _texts(frame: pd.DataFrame) -> tuple[TextChoices, ...]:
    each = frame.assign(**{f"is{v}": frame["value"] == v for v in (1, 0, -1)})
    counts = each.groupby(["x", "y", "utterance"], sort=False)[["is1", "is0", "is-1"]].sum()
    texts = []
    for (x, y, utterance), row in zip(counts.index, counts.to_numpy(), strict=True):
        n_x, n_none, n_y = map(int, row)
        difference = (n_x - n_y) / (n_x + n_none + n_y)
        texts.append(TextChoices(x, y, utterance, n_x, n_none, n_y, difference))
    order = {pair: k for k, pair in enumerate(dict.fromkeys((t.x, t.y) for t in texts))}
    return tuple(sorted(texts, key=lambda t: (order[t.x, t.y], t.difference, t.utterance)))


def _order(frame: pd.DataFrame, alpha: float) -> tuple[OrderEffect, ...]:
    """Return drifts over pages; none if all heard one order."""
    page = pd.to_numeric(frame["page_index"], errors="coerce")
    frame = frame.assign(page=page, none=100.0 * (frame["value"] == 0))
    if not frame.groupby("utterance")["page"].agg(np.ptp).gt(0).any():
        return ()
    unit = "percentage points per page"
    effects = []
    if frame["none"].any():
        rows = frame.assign(rest=frame["none"] - _mean_of_text(frame, "none"))
        effects.append(drift(rows, "rest", "page", "Choices for neither over pages", unit, alpha))
    for (x, y), rows in frame.groupby(["x", "y"], sort=False):
        rows = rows.assign(value=100.0 * rows["value"])
        rows["rest"] = rows["value"] - _mean_of_text(rows, "value")
        effects.append(drift(rows, "rest", "page", f"{x} − {y} over pages", unit, alpha))
    return tuple(effect for effect in effects if effect is not None)


def _mean_of_text(frame: pd.DataFrame, column: str) -> pd.Series:
    # The order in which texts were drawn is no drift.
    return frame.groupby(["x", "y", "utterance"])[column].transform("mean")


def _alpha(frame: pd.DataFrame) -> float | None:
    once = frame[frame["repeat"] == 0]
    table = once.pivot_table(index="listener", columns=["x", "y", "utterance"], values="value")
    values = table.to_numpy(float)
    paired = values[:, (~np.isnan(values)).sum(0) > 1]
    if paired.size == 0 or np.nanmax(paired) == np.nanmin(paired):
        return None
    return float(krippendorff.alpha(reliability_data=values, level_of_measurement="nominal"))
