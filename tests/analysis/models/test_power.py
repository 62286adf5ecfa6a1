"""Planning numbers, by hand and by simulation."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from analysis.cli import app
from analysis.models.crossed import fit_two_way
from analysis.models.power import (
    PlannedPower,
    Scatter,
    listeners_needed,
    planned_power,
    precision,
)
from analysis.wording import SIMULATED
from intone.errors import UserError


@pytest.mark.parametrize(
    ("listeners", "texts", "pages", "se", "detectable", "naive"),
    [
        (20, 10, 10, 3.53, 9.9, 1.55),
        (60, 20, 20, 2.25, 6.3, 0.63),
        (60, 100, 20, 1.48, 4.2, 0.63),
        (60, 200, 20, 1.36, 3.8, 0.63),
        (1000, 20, 20, 1.92, 5.4, 0.16),
        (200, 200, 20, 0.90, 2.5, 0.35),
    ],
)
def test_planning_table(listeners, texts, pages, se, detectable, naive):
    found = precision(listeners, texts, pages)
    assert found.se == pytest.approx(se, abs=0.01)
    assert found.detectable == pytest.approx(detectable, abs=0.06)
    assert found.naive_se == pytest.approx(naive, abs=0.01)


def test_the_formula_is_what_the_model_then_finds():
    """Mean SE of fits against the closed form.

    The design is 60 listeners with 20 of 100 texts each, rotated.
    """
    rng = np.random.default_rng(0)
    s = Scatter()
    listener = np.repeat(np.arange(60), 20)
    utterance = (20 * listener + np.tile(np.arange(20), 60)) % 100
    errors = []
    for _ in range(12):
        D = rng.normal(0, s.listener * 2**0.5, 60)[listener]
        D = D + rng.normal(0, s.utterance * 2**0.5, 100)[utterance]
        errors.append(
            fit_two_way(listener, utterance, D + rng.normal(0, s.noise * 2**0.5, 1200)).se
        )
    assert np.mean(errors) == pytest.approx(precision(60, 100, 20).se, rel=0.06)


def test_impossible_designs_are_refused():
    with pytest.raises(UserError, match="30 pages per listener do not fit 20 utterances"):
        precision(10, 20, 30)
    with pytest.raises(UserError, match="at least 2 listeners"):
        precision(1, 20)


def test_scatter_of_an_earlier_study(tmp_path):
    path = tmp_path / "report.json"
    parts = {"listener_system": 16.0, "utterance_system": 9.0, "residual": 100.0}
    path.write_text(json.dumps({"variance_components": parts}))
    assert Scatter.of_report(path) == Scatter(4.0, 3.0, 10.0)
    found = CliRunner().invoke(app, ["power", "--listeners", "30", "--like", str(path)])
    assert found.exit_code == 0, found.output
    assert f"{precision(30, 20, 20, Scatter(4, 3, 10)).se:.2f}" in found.output
    assert "SIMULATED" not in found.output
    path.write_text(json.dumps({"variance_components": parts, "label": SIMULATED}))
    found = CliRunner().invoke(app, ["power", "--like", str(path)])
    assert SIMULATED in " ".join(found.output.split())
    path.write_text("{}")
    with pytest.raises(UserError, match=r"not a report\.json with variance components"):
        Scatter.of_report(path)


def _share_of_studies(design: PlannedPower, studies: int, seed: int) -> float:
    """Share of simulated studies in which the default test finds the difference."""
    scatter, rng = Scatter(), np.random.default_rng(seed)
    listener = np.repeat(np.arange(design.n_listeners), design.pages_per_listener)
    utterance = np.arange(len(listener)) % design.n_utterances
    n_significant = 0
    for _ in range(studies):
        differences = design.difference + 2**0.5 * (
            scatter.listener * rng.standard_normal(design.n_listeners)[listener]
            + scatter.utterance * rng.standard_normal(design.n_utterances)[utterance]
            + scatter.noise * rng.standard_normal(len(listener))
        )
        n_significant += fit_two_way(listener, utterance, differences).p < design.alpha
    return n_significant / studies


@pytest.mark.parametrize(
    ("listeners", "texts", "pages"), [(20, 12, 12), (24, 48, 12)], ids=["complete", "rotated"]
)
def test_planned_power_is_what_simulated_studies_find(listeners, texts, pages):
    design = planned_power(6.5, listeners, texts, pages)
    assert 0.4 < design.power < 0.95
    share = _share_of_studies(design, studies=150 if pages < texts else 400, seed=3)
    assert share == pytest.approx(design.power, abs=0.09)


def test_power_rises_with_listeners_and_texts_but_not_without_end():
    curve = [planned_power(6.0, listeners, 20).power for listeners in (10, 20, 40, 80)]
    assert curve == sorted(curve)
    # 1,000 listeners on 20 texts against 60 listeners on 100 texts.
    assert planned_power(5.0, 60, 100, 20).power > planned_power(5.0, 1000, 20, 20).power
    assert planned_power(5.0, 60, 100, 20, comparisons=5).power < 0.9


def test_listeners_needed_is_the_smallest_number_that_will_do():
    found = listeners_needed(6.0, 100, 20)
    assert found is not None
    assert found.power >= 0.8 > planned_power(6.0, found.n_listeners - 1, 100, 20).power
    # With 10 texts no number of listeners finds a difference as small as that.
    assert listeners_needed(3.0, 10) is None
    with pytest.raises(UserError, match="difference of 0 points"):
        listeners_needed(0.0, 10)


def test_without_a_difference_power_is_the_level_of_the_test():
    assert planned_power(0.0, 20, 20).power == pytest.approx(0.05)
    assert planned_power(0.0, 20, 20, comparisons=4).power == pytest.approx(0.0125)
