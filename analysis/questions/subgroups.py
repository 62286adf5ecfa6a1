"""Subgroup analysis by arm, group of listeners or group of texts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np

from analysis.data.ratings import Ratings
from analysis.models.adjust import adjust
from analysis.models.cluster import contrasts_of_means
from analysis.models.crossed import TwoWayFit, fit_two_way
from analysis.models.t_test import SMALLEST_SE, t_interval, t_p_value
from analysis.wording import ci_text, number, p_equals
from intone.errors import UserError


@dataclass(frozen=True)
class Group:
    """The difference within one group: the two-way model of its pages."""

    name: str
    fit: TwoWayFit


@dataclass(frozen=True)
class GroupContrast:
    """Difference of the difference between group `a` and group `b`.

    Attributes:
        a, b: names of the groups.
        estimate: difference of the plain mean differences, points.
        se: two-way cluster-robust standard error.
        df: smallest number of listeners or utterances in a group, minus 1; 0 (no test) if only one
            of the groups has several.
        ci: 1 - alpha interval.
        p: p value of no interaction.
        p_adjusted: after Holm over all pairs of groups.
        alpha: two-sided level of the interval.
    """

    a: str
    b: str
    estimate: float
    se: float
    df: int
    ci: tuple[float, float]
    p: float
    p_adjusted: float
    alpha: float = 0.05

    @property
    def text(self) -> str:
        """One English sentence."""
        return (
            f"{self.a} − {self.b}: {number(self.estimate, sign=True)} points "
            f"({ci_text(self.ci, self.alpha)}), {p_equals(self.p_adjusted)}."
        )


@dataclass(frozen=True)
class Subgroups:
    """`x` minus `y` by group.

    Attributes:
        x, y: names of the systems.
        by: arm, listener or utterance.
        groups: each by itself.
        contrasts: the groups against each other. A difference that is significant in one group and
            not in another is no evidence that they differ; these tests are.
    """

    x: str
    y: str
    by: str
    groups: tuple[Group, ...]
    contrasts: tuple[GroupContrast, ...]


def subgroups(
    ratings: Ratings,
    x: str,
    y: str,
    by: Literal["arm", "listener", "utterance"] = "arm",
    groups: Mapping[str, str] | None = None,
    alpha: float = 0.05,
) -> Subgroups:
    """Split the pages and compare the difference between the parts.

    Args:
        ratings: the ratings.
        x, y: the systems; x minus y.
        by: the study's randomised `arm`, or groups of listeners or of utterances.
        groups: group by name of listener or utterance; those without one are left out.
        alpha: two-sided level; intervals are 1 - alpha.

    Raises:
        UserError: groups are missing, match no row, or no page has both systems.
    """
    rows = ratings.frame
    if by == "arm":
        label = rows["arm"].astype(str)
    elif groups:
        label = rows[by].map(dict(groups))
    else:
        raise UserError(f"subgroups by {by}: no groups; give the group of each {by}")
    if label.isna().all():
        raise UserError(f"{ratings.source}: no {by} is in the groups; check their names")
    wide = (
        rows.assign(group=label)
        .dropna(subset=["group"])
        .pivot_table(index=["listener", "utterance", "group"], columns="system", values="score")
    )
    if not {x, y} <= set(wide.columns):
        raise UserError(
            f"{ratings.source}: no listener in these groups rated both {x!r} and {y!r}; choose "
            "other systems"
        )
    pages = (wide[x] - wide[y]).dropna().rename("D").reset_index()
    if pages.empty:
        raise UserError(
            f"{ratings.source}: no page in these groups has both {x!r} and {y!r}; choose other "
            "systems"
        )
    names = sorted(pages["group"].unique())
    listener, utterance, group = (
        np.unique(pages[column], return_inverse=True)[1]
        for column in ("listener", "utterance", "group")
    )
    D = pages["D"].to_numpy(float)
    fits = [
        Group(str(name), _fit(listener, utterance, D, group == g)) for g, name in enumerate(names)
    ]
    contrasts = [
        _contrast(
            listener, utterance, D, group == g, group == h, str(names[g]), str(names[h]), alpha
        )
        for g, h in combinations(range(len(names)), 2)
    ]
    adjusted = adjust([contrast.p for contrast in contrasts])
    return Subgroups(
        x,
        y,
        by,
        tuple(fits),
        tuple(replace(c, p_adjusted=p) for c, p in zip(contrasts, adjusted, strict=True)),
    )


def _fit(
    listener: np.ndarray, utterance: np.ndarray, D: np.ndarray, in_group: np.ndarray
) -> TwoWayFit:
    listeners = np.unique(listener[in_group], return_inverse=True)[1]
    utterances = np.unique(utterance[in_group], return_inverse=True)[1]
    return fit_two_way(listeners, utterances, D[in_group])


def _contrast(
    listener: np.ndarray,
    utterance: np.ndarray,
    D: np.ndarray,
    in_a: np.ndarray,
    in_b: np.ndarray,
    a: str,
    b: str,
    alpha: float,
) -> GroupContrast:
    """Test the difference of two means over pages of different groups."""
    both = in_a | in_b
    columns = np.where(np.stack([in_a, in_b], 1)[both], D[both, None], np.nan)
    listeners, utterances = (
        np.unique(code[both], return_inverse=True)[1] for code in (listener, utterance)
    )
    means, covariance, df = contrasts_of_means(
        listeners, utterances, columns, np.array([[1.0, -1.0]])
    )
    estimate, se = float(means[0] - means[1]), float(covariance[0, 0]) ** 0.5
    nan = float("nan")
    if df < 1 or se <= SMALLEST_SE:
        return GroupContrast(a, b, estimate, nan, df, (nan, nan), nan, nan, alpha)
    p, ci = t_p_value(estimate, se, df), t_interval(estimate, se, df, alpha)
    return GroupContrast(a, b, estimate, se, df, ci, p, p, alpha)
