"""Comparisons that share one variance over all systems: the full crossed model.

Narrower where the systems scatter alike; too sure where they do not (a reference at the ceiling),
which is why the default tests every pair by itself. Here for readers who ask, for Tukey's
correction and for the omnibus test.
"""

from dataclasses import dataclass, replace
from itertools import combinations

from scipy import linalg, stats

from analysis.data.ratings import Pages
from analysis.models.adjust import adjust
from analysis.models.reml import Crossed, Variances
from analysis.models.t_test import t_interval
from analysis.models.threads import one_thread
from analysis.questions.components import variance_components


@dataclass(frozen=True)
class PooledPair:
    """`x` minus `y` with the standard error that all pairs share."""

    x: str
    y: str
    estimate: float
    se: float
    df: float
    p: float
    p_holm: float
    p_tukey: float

    def ci(self, alpha: float = 0.05) -> tuple[float, float]:
        """Return the 1 - alpha confidence interval, not adjusted for the number of pairs."""
        return t_interval(self.estimate, self.se, self.df, alpha)


@dataclass(frozen=True)
class Pooled:
    """All systems in one model.

    Attributes:
        F, df1, df2, p: test that all systems are equal (Satterthwaite).
        pairs: all pairs of systems.
        n_left_out: pages that lack a system and could not be used.
    """

    F: float
    df1: int
    df2: float
    p: float
    pairs: tuple[PooledPair, ...]
    n_left_out: int


def pooled_model(pages: Pages, systems: tuple[str, ...]) -> Pooled | None:
    """Fit `variance_components`'s model to these systems; none if the design does not carry it."""
    columns = [pages.systems.index(system) for system in systems]
    pages = replace(pages, scores=pages.scores[:, columns], systems=systems)
    parts = variance_components(pages)
    if parts is None:
        return None
    S = len(systems)
    H = linalg.helmert(S, full=True)[1:]
    listener, utterance, Y = pages.of(*systems)
    v = Variances(parts.listener_system, parts.utterance_system, parts.residual)
    with one_thread():
        model = Crossed(listener, utterance, Y @ H.T)
        means, variance = model.mean(v)
        df = model.satterthwaite(v)
    if not df >= 1:
        df = float(min(listener.max(), utterance.max()))
    effects = H.T @ means
    se = (2 * variance) ** 0.5
    F = float((means**2).sum() / (S - 1) / variance)
    pairs = []
    for a, b in combinations(range(S), 2):
        t = (effects[a] - effects[b]) / se
        p = float(2 * stats.t.sf(abs(t), df))
        tukey = float(stats.studentized_range.sf(2**0.5 * abs(t), S, df))
        pairs.append(
            PooledPair(systems[a], systems[b], float(effects[a] - effects[b]), se, df, p, p, tukey)
        )
    adjusted = adjust([pair.p for pair in pairs])
    pairs = [replace(pair, p_holm=p) for pair, p in zip(pairs, adjusted, strict=True)]
    return Pooled(
        F, S - 1, df, float(stats.f.sf(F, S - 1, df)), tuple(pairs), len(pages.scores) - len(Y)
    )
