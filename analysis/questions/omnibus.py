"""Omnibus tests that all systems are equal."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

from scipy import linalg, stats

from analysis.data.ratings import Pages, Ratings
from analysis.models.reml import Crossed, Variances
from analysis.models.rm_anova import within_effect
from analysis.models.threads import one_thread
from analysis.questions.agreement import kendall_w
from analysis.questions.components import variance_components
from analysis.wording import number, p_equals
from intone.errors import UserError

OmnibusMethod = Literal["two-way", "friedman", "rm-anova"]
OMNIBUS_METHODS: tuple[OmnibusMethod, ...] = get_args(OmnibusMethod)


@dataclass(frozen=True)
class Omnibus:
    """One test that all systems are equal.

    Attributes:
        method: two-way (full crossed model, holds for new listeners and new utterances), friedman
            (Iman and Davenport's F on listener means) or rm-anova (listener means, Huynh-Feldt);
            the last two hold for new listeners and these utterances.
        systems: the systems that were compared.
        F, df1, df2, p: the test.
        effect: Kendall's W for friedman, partial eta squared for rm-anova; none for two-way.
        alpha: level at which the sentence calls the systems different.
    """

    method: OmnibusMethod
    systems: tuple[str, ...]
    F: float
    df1: float
    df2: float
    p: float
    effect: float | None
    alpha: float = 0.05

    @property
    def text(self) -> str:
        """One English sentence."""
        names = {
            "two-way": "full crossed random-effects model",
            "friedman": "Friedman's test of listener means (Iman and Davenport's F)",
            "rm-anova": "repeated-measures ANOVA of listener means (Huynh-Feldt)",
        }
        verdict = "differ" if self.p < self.alpha else "do not differ significantly"
        return (
            f"The {len(self.systems)} systems {verdict}: F({number(self.df1)}, {number(self.df2)}) "
            f"= {number(self.F, 2)}, {p_equals(self.p)} ({names[self.method]})."
        )


def omnibus(
    ratings: Ratings,
    method: OmnibusMethod = "two-way",
    systems: tuple[str, ...] | None = None,
    alpha: float = 0.05,
) -> Omnibus | None:
    """Test that the systems are equal; none if undefined.

    Args:
        ratings: the ratings.
        method: see `Omnibus.method`.
        systems: by default the systems under test and the baseline; with reference or anchors the
            answer is trivial.
        alpha: level of the test.

    Raises:
        UserError: no such method.
    """
    if method not in OMNIBUS_METHODS:
        raise UserError(
            f"method {method!r}: no such omnibus test; choose {', '.join(OMNIBUS_METHODS)}"
        )
    chosen = systems or tuple(
        s for s in ratings.systems if ratings.roles.of(s) in ("system", "baseline")
    )
    if len(chosen) < 2:
        return None
    if method == "two-way":
        return _two_way(ratings.pages(), chosen, alpha)
    rows = ratings.frame[ratings.frame["system"].isin(list(chosen))]
    table = rows.pivot_table(index="listener", columns="system", values="score").dropna()
    means = table.to_numpy()
    if method == "friedman":
        w = kendall_w(means)
        if w is None:
            return None
        df1 = w.n_systems - 1
        df2 = df1 * (w.n_listeners - 1)
        return Omnibus(method, chosen, w.f, df1, df2, w.f_p, w.w, alpha)
    if len(means) == 0:
        return None
    effect = within_effect(means @ linalg.helmert(means.shape[1]).T)
    if effect is None:
        return None
    epsilon = min(effect.hf, 1.0)
    return Omnibus(
        method,
        chosen,
        effect.F,
        epsilon * effect.df1,
        epsilon * effect.df2,
        effect.hf_p,
        effect.partial_eta_squared,
        alpha,
    )


def _two_way(pages: Pages, systems: tuple[str, ...], alpha: float) -> Omnibus | None:
    """Test the full crossed model, whose systems share one variance (Satterthwaite).

    It is too sure where systems scatter differently (a reference at the ceiling), which is why the
    default test takes every pair by itself.
    """
    columns = [pages.systems.index(system) for system in systems]
    pages = replace(pages, scores=pages.scores[:, columns], systems=systems)
    parts = variance_components(pages)
    if parts is None:
        return None
    contrasts = linalg.helmert(len(systems))
    listener, utterance, scores = pages.of(*systems)
    variances = Variances(parts.listener_system, parts.utterance_system, parts.residual)
    with one_thread():
        model = Crossed(listener, utterance, scores @ contrasts.T)
        means, variance = model.mean(variances)
        df2 = model.satterthwaite(variances)
    if not df2 >= 1:
        df2 = float(min(listener.max(), utterance.max()))
    df1 = len(systems) - 1
    F = float((means**2).sum() / df1 / variance)
    return Omnibus("two-way", systems, F, df1, df2, float(stats.f.sf(F, df1, df2)), None, alpha)
