"""Order effects: drift of scores and differences during a session."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.data.ratings import Ratings
from analysis.models.t_test import one_sample_t
from analysis.wording import ci_text, number, p_equals


@dataclass(frozen=True)
class OrderEffect:
    """Drift, one number per listener, tested over listeners.

    Attributes:
        name: drifting quantity, and its time scale.
        unit: unit of `estimate`.
        estimate: mean over listeners.
        ci: 1 - alpha interval; NaN with one listener or without scatter.
        p: one-sample t test.
        n_listeners: number of listeners with such a number.
        alpha: two-sided level of the interval.
    """

    name: str
    unit: str
    estimate: float
    ci: tuple[float, float]
    p: float
    n_listeners: int
    alpha: float = 0.05

    @property
    def text(self) -> str:
        """One English sentence."""
        return (
            f"{self.name}: {number(self.estimate, 2, sign=True)} {self.unit} "
            f"({ci_text(self.ci, self.alpha, 2)}), {p_equals(self.p)}."
        )


def order_effects(
    ratings: Ratings, pairs: Sequence[tuple[str, str]] = (), alpha: float = 0.05
) -> list[OrderEffect]:
    """Test drift over pages and screen, carry-over, and drift of pairs.

    Stimulus means are taken out of every score first, so that the order in which texts were drawn
    is no drift. Empty if the ratings hold no page or stimulus positions; nothing over pages
    if all listeners heard the texts in one order.

    Args:
        ratings: the ratings, with `page_index` and `stimulus_index` where recorded.
        pairs: (x, y) for x minus y.
        alpha: two-sided level; intervals are 1 - alpha.
    """
    frame = ratings.frame.assign(
        page=pd.to_numeric(ratings.frame["page_index"], errors="coerce"),
        position=pd.to_numeric(ratings.frame["stimulus_index"], errors="coerce"),
    )
    # If all heard one order, late texts and hard texts cannot be separated.
    if not frame.groupby("utterance")["page"].agg(np.ptp).gt(0).any():
        frame["page"] = float("nan")
    means = frame.groupby(["utterance", "system"])["score"].transform("mean")
    frame["rest"] = frame["score"] - means
    effects = [
        drift(frame, "rest", "page", "Scores over pages", "points per page", alpha),
        _halves(frame, "rest", "Scores, second half of the pages minus the first", alpha),
        drift(
            frame, "rest", "position", "Scores over places on the page", "points per place", alpha
        ),
        drift(
            _with_previous(frame),
            "rest",
            "previous",
            "Scores by the mean score of the text on the page before",
            "points per point",
            alpha,
        ),
    ]
    for x, y in pairs:
        wide = frame[frame["system"].isin([x, y])].pivot_table(
            index=["listener", "utterance", "page"], columns="system", values="score"
        )
        if not {x, y} <= set(wide.columns):
            continue
        D = (wide[x] - wide[y]).dropna().rename("D").reset_index()
        D["D"] -= D.groupby("utterance")["D"].transform("mean")
        effects.append(drift(D, "D", "page", f"{x} − {y} over pages", "points per page", alpha))
        name = f"{x} − {y}, second half of the pages minus the first"
        effects.append(_halves(D, "D", name, alpha))
    return [effect for effect in effects if effect is not None]


def _with_previous(frame: pd.DataFrame) -> pd.DataFrame:
    """Add to every rating the mean score of the previous text."""
    text = frame.groupby("utterance")["score"].transform("mean")
    pages = frame.assign(text=text).dropna(subset=["page"]).drop_duplicates(["listener", "page"])
    pages = pages.sort_values(["listener", "page"])
    pages["previous"] = pages.groupby("listener", observed=True)["text"].shift(1)
    return frame.merge(pages[["listener", "page", "previous"]], on=["listener", "page"], how="left")


def drift(
    frame: pd.DataFrame, value: str, by: str, name: str, unit: str, alpha: float = 0.05
) -> OrderEffect | None:
    """Return the mean slope of `value` by `by`; none without slopes."""
    rows = frame.dropna(subset=[by, value])
    slopes = [
        float(
            np.polyfit(
                rows_of_listener[by].to_numpy(float), rows_of_listener[value].to_numpy(float), 1
            )[0]
        )
        for _, rows_of_listener in rows.groupby("listener", observed=True)
        if rows_of_listener[by].min() < rows_of_listener[by].max()
    ]
    return _over_listeners(name, unit, slopes, alpha)


def _halves(frame: pd.DataFrame, value: str, name: str, alpha: float) -> OrderEffect | None:
    rows = frame.dropna(subset=["page", value])
    middle = rows.groupby("listener", observed=True)["page"].transform("median")
    late = rows[rows["page"] > middle].groupby("listener", observed=True)[value].mean()
    early = rows[rows["page"] <= middle].groupby("listener", observed=True)[value].mean()
    return _over_listeners(name, "points", (late - early).dropna().tolist(), alpha)


def _over_listeners(name: str, unit: str, values: list[float], alpha: float) -> OrderEffect | None:
    if not values:
        return None
    numbers = np.array(values)
    _, p, ci = one_sample_t(numbers, alpha)
    return OrderEffect(name, unit, float(numbers.mean()), ci, p, len(numbers), alpha)
