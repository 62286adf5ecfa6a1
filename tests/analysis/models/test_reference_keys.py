"""Further answers of R, key by key."""

from typing import TypeVar

import numpy as np
import pytest
from scipy import linalg

from analysis.models import rank_tests as signed_rank
from analysis.models.adjust import adjust
from analysis.models.cluster import cluster_covariance
from analysis.models.crossed import fit_two_way
from analysis.models.equivalence import equivalence
from analysis.models.reml import Crossed, Variances
from analysis.models.t_test import one_sample_t, t_interval, t_p_value
from analysis.questions.agreement import kendall_w
from analysis.questions.compare import compare
from analysis.questions.components import variance_components
from analysis.questions.describe import describe
from analysis.questions.effects import cliffs_delta, hedges_correction
from analysis.questions.gap import gap_reduction

T = TypeVar("T")
# The tolerances that the answers came with.
CLOSED, P = {"rel": 1e-9, "abs": 1e-9}, {"rel": 0, "abs": 1e-6}
SE = {"rel": 1e-5, "abs": 1e-12}


def _pairs(reference_set):
    """Answers of each pair with its codes and scores [P, 2]."""
    for answer in reference_set.answers["pairwise"]:
        yield answer, *reference_set.ratings.pages().of(answer["x"], answer["y"])


def _there(found: T | None) -> T:
    assert found is not None
    return found


def _means(code, values):
    # R rounded means of integers to 9 decimals before it used them.
    return np.round(np.bincount(code, values) / np.bincount(code), 9)


def _spread_of_descriptives(reference_set):
    for found in describe(reference_set.ratings):
        wanted = reference_set.answers["descriptives"][found.system]
        yield found.q3 - found.q1, wanted["iqr"], CLOSED
        yield np.std(found.scores, ddof=1), wanted["sd"], CLOSED


def _two_way_intervals(reference_set):
    for answer, listener, utterance, scores in _pairs(reference_set):
        fit, wanted = fit_two_way(listener, utterance, scores @ [1, -1]), answer["two_way"]
        yield fit.n_pages, wanted["n_pages"], CLOSED
        yield fit.t, wanted["lmm"]["t"], SE
        # An interval moves with estimate, standard error and degrees of freedom.
        yield fit.ci(), wanted["lmm"]["ci"], {"rel": 1e-4, "abs": 1e-4}
        yield min(fit.listener, fit.utterance) == 0, wanted["lmm"]["singular"], {}


def _one_way_clusters(reference_set):
    for answer, listener, utterance, scores in _pairs(reference_set):
        D, wanted = (scores @ [1.0, -1.0])[:, None], answer["two_way"]["cluster_se"]
        single = np.zeros(len(D), dtype=int)
        for codes, key in (
            ((listener, single), "listener_only_noadj"),
            ((single, utterance), "utterance_only_noadj"),
        ):
            yield cluster_covariance(*codes, D)[0][0, 0] ** 0.5, wanted[key], CLOSED


def _normal_signed_ranks(reference_set):
    """Normal approximation of the signed-rank test, used for many values."""
    for answer, listener, utterance, scores in _pairs(reference_set):
        D = scores @ [1.0, -1.0]
        for unit, values in (
            ("page", D),
            ("listener", _means(listener, D)),
            ("utterance", _means(utterance, D)),
        ):
            wanted = answer["wilcoxon"][unit]
            yield signed_rank.wilcoxon_exact(values).p, wanted["p_normal_nocorrection"], CLOSED


def _effects_on_listener_means(reference_set):
    for answer, listener, _, scores in _pairs(reference_set):
        wanted = answer["cliffs_delta_listener_means"]
        x, y = (_means(listener, column) for column in scores.T)
        yield cliffs_delta(x, y), wanted["delta"], CLOSED
        exact = answer["paired_t"]["listener"]["hedges_J_exact"]
        yield hedges_correction(int(listener.max())), exact, CLOSED


def _quasi_f_parts(reference_set):
    """Clark's F1 and F2 are squared t of listener and utterance means."""
    for answer, listener, utterance, scores in _pairs(reference_set):
        if not answer.get("two_way_anova"):
            continue
        D = scores @ [1.0, -1.0]
        for code, key in ((listener, "F1"), (utterance, "F2")):
            means = np.bincount(code, D) / np.bincount(code)
            se, _, _ = one_sample_t(means)
            yield (means.mean() / se) ** 2, answer["two_way_anova"][key], CLOSED


def _friedman_of_pages(reference_set):
    pages = reference_set.ratings.pages()
    found, wanted = _there(kendall_w(pages.scores)), reference_set.answers["friedman"]["pages"]
    yield (
        (found.w, found.chi2, found.f),
        [wanted[key] for key in ("kendall_W", "chisq", "iman_davenport_F")],
        CLOSED,
    )
    yield (found.p, found.f_p), (wanted["p"], wanted["iman_davenport_p"]), {"rel": 1e-7}
    yield (found.n_listeners, found.n_systems), (wanted["n_blocks"], wanted["k"]), CLOSED


def _kendall_of_stimuli(reference_set):
    wanted = reference_set.answers["agreement"]
    if "kendall_W_all_stimuli" not in wanted:
        return
    table = reference_set.ratings.frame.pivot_table(
        index="listener", columns=["utterance", "system"], values="score"
    )
    found = _there(kendall_w(table.to_numpy()))
    yield found.w, wanted["kendall_W_all_stimuli"], CLOSED
    yield found.chi2, wanted["kendall_W_chisq"], CLOSED
    by_text = [
        _there(kendall_w(table[name].to_numpy())).w for name in reference_set.ratings.utterances
    ]
    yield by_text, wanted["kendall_W_per_utterance"], CLOSED


def _size_of_gaps(reference_set):
    for wanted in reference_set.answers["gap"]:
        (comparison,) = compare(reference_set.ratings, [(wanted["X"], wanted["baseline"])])
        found = _there(gap_reduction(reference_set.ratings, comparison, 1))
        yield found.n_pages, wanted["n_pages"], CLOSED


def _errors_of_gaps(reference_set):
    """Delta method with the covariance of both differences."""
    for wanted in reference_set.answers["gap"]:
        names = (wanted["X"], wanted["baseline"], wanted["recordings"])
        listener, utterance, scores = reference_set.ratings.pages().of(*names)
        differences = scores[:, [0, 2]] - scores[:, [1]]
        covariance, _ = cluster_covariance(listener, utterance, differences)
        raw, distance = differences.mean(0)
        gradient = np.array([1 / distance, -raw / distance**2])
        yield float(gradient @ covariance @ gradient) ** 0.5, wanted["delta_se"], CLOSED


def _full_model(ratings):
    """Return effect by system, standard error and df of a pair."""
    parts = _there(variance_components(ratings.pages()))
    contrasts = linalg.helmert(len(ratings.systems))
    listener, utterance, scores = ratings.pages().of(*ratings.systems)
    model = Crossed(listener, utterance, scores @ contrasts.T)
    variances = Variances(parts.listener_system, parts.utterance_system, parts.residual)
    means, variance = model.mean(variances)
    effects = dict(zip(ratings.systems, contrasts.T @ means, strict=True))
    return effects, (2 * variance) ** 0.5, model.satterthwaite(variances)


def _pairs_of_the_full_model(reference_set):
    effects, se, df = _full_model(reference_set.ratings)
    answers = reference_set.answers["lmm"]["full"]["pairs"]
    p_values = []
    for answer in answers:
        x, y = answer["contrast"].split(" - ")
        estimate = effects[x] - effects[y]
        p_values.append(t_p_value(estimate, se, df))
        yield estimate, answer["estimate"], {"rel": 1e-4, "abs": 1e-6}
        yield se, answer["se"], SE
        yield df, answer["df"], {"rel": 1e-4}
        yield p_values[-1], answer["p"], P
    yield adjust(p_values), [answer["p_holm"] for answer in answers], P


def _fixed_effects_of_the_full_model(reference_set):
    """R's treatment contrasts are the pairs with the baseline."""
    effects, se, df = _full_model(reference_set.ratings)
    wanted = reference_set.answers["lmm"]["full"]["fixed"]
    for system in effects:
        if system != "baseline":
            estimate, answer = effects[system] - effects["baseline"], wanted[f"system{system}"]
            yield t_interval(estimate, se, df), answer["ci"], {"rel": 1e-4, "abs": 1e-4}
            yield t_p_value(estimate, se, df), answer["p"], P
            yield se, answer["se"], SE


def _variance_components(reference_set):
    ratings, wanted = reference_set.ratings, reference_set.answers["lmm"]["full"]
    parts = _there(variance_components(ratings.pages()))
    yield min(parts.parts().values()) == 0, wanted["singular"], {}
    yield -parts.deviance / 2, wanted["logLik_REML"], {"rel": 0, "abs": 1e-6}
    yield parts.n_pages * len(ratings.systems), wanted["n"], CLOSED


def _equivalence_of_listener_means(reference_set):
    """With one utterance per listener the model is the one-sample t test."""
    for wanted in reference_set.answers.get("tost_sysX_sysY", {}).get("paired_t_listener", ()):
        listener, _, scores = reference_set.ratings.pages().of("sysX", "sysY")
        means = _means(listener, scores @ [1.0, -1.0])
        codes = np.arange(len(means))
        found = _there(equivalence(fit_two_way(codes, 0 * codes, means), wanted["margin"]))
        yield (
            [found.p_lower, found.p_upper, found.p],
            [wanted[key] for key in ("p_lower", "p_upper", "p")],
            {"rel": 1e-7},
        )
        yield found.ci, wanted["ci90"], {"rel": 1e-7}


@pytest.mark.parametrize(
    "answers",
    [
        _spread_of_descriptives,
        _two_way_intervals,
        _one_way_clusters,
        _normal_signed_ranks,
        _effects_on_listener_means,
        _quasi_f_parts,
        _friedman_of_pages,
        _kendall_of_stimuli,
        _size_of_gaps,
        _errors_of_gaps,
        _pairs_of_the_full_model,
        _fixed_effects_of_the_full_model,
        _variance_components,
        _equivalence_of_listener_means,
    ],
)
def test_answers_equal_those_of_r(reference_set, answers, monkeypatch):
    if answers is _normal_signed_ranks:
        monkeypatch.setattr(signed_rank, "_EXACT_UP_TO", 0)
    asked = list(answers(reference_set))
    if not asked:
        pytest.skip("R was not asked this of this set")
    for found, wanted, tolerance in asked:
        assert found == pytest.approx(wanted, **tolerance)
