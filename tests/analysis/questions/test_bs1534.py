"""BS.1534-3's own pipeline, looks and ranks: published numbers and independent software."""

import numpy as np
import pandas as pd
import pingouin
import pytest

from analysis.data.ratings import read_ratings
from analysis.models.sequential import looks_correction, uncorrected_error
from analysis.questions.bs1534 import bs1534_analysis, quartiles_of_halves
from analysis.questions.ranks import rank_stability
from intone.errors import UserError

FIFTHS = [0.2, 0.4, 0.6, 0.8, 1.0]


@pytest.fixture
def ratings(tmp_path):
    def read(frame: pd.DataFrame):
        path = tmp_path / "study.csv"
        frame.to_csv(path, index=False)
        return read_ratings(path)

    return read


def test_condition_by_material_equals_pingouin(ratings, make_study):
    frame = make_study(12, 5, 3, a=40.0, b=46.0, c=52.0)
    found = bs1534_analysis(ratings(frame), [("b", "a")], draws=200)
    table = pingouin.rm_anova(
        frame, dv="score", within=["system", "utterance"], subject="listener", effsize="np2"
    )
    assert [effect.name for effect in found.effects] == [
        "condition",
        "material",
        "condition × material",
    ]
    assert [effect.test.F for effect in found.effects] == pytest.approx(table["F"].tolist())
    eta = [effect.test.partial_eta_squared for effect in found.effects]
    assert eta == pytest.approx(table["np2"].tolist())
    # Main effects: also both epsilons (pingouin's of an interaction of many levels is a bound).
    for effect, factor in zip(found.effects[:2], ("system", "utterance"), strict=True):
        wide = frame.pivot_table(index="listener", columns=factor, values="score")
        for name, value in (("gg", effect.test.gg), ("hf", min(effect.test.hf, 1.0))):
            assert value == pytest.approx(pingouin.epsilon(wide, correction=name), rel=1e-9)


def test_few_listeners_cannot_be_tested_multivariately(ratings, make_study):
    found = bs1534_analysis(ratings(make_study(6, 8, 1, a=40.0, b=60.0)), [("b", "a")], draws=200)
    condition, material, _ = found.effects
    assert "univariate" in condition.note
    assert condition.p == condition.test.hf_p
    assert "needs more than 7 listeners" in material.note or material.test.hf > 0.85


def test_quartiles_are_medians_of_halves():
    assert quartiles_of_halves(np.array([5, 1, 2, 4, 3])) == (2.0, 4.0)
    assert quartiles_of_halves(np.array([1, 2, 3, 4, 5, 6])) == (2.0, 5.0)


def test_medians_far_apart_and_equal(ratings, make_study):
    frame = make_study(10, 6, 4, a=40.0, b=80.0)
    same = frame[frame["system"] == "a"].assign(system="c")
    found = bs1534_analysis(ratings(pd.concat([frame, same])), [("b", "a"), ("c", "a")], draws=999)
    apart, equal = found.medians
    assert apart.p == 0.001
    assert (equal.difference, equal.p) == (0.0, 1.0)
    assert any("utterance" in sentence for sentence in found.not_covered)


def test_incomplete_grids_have_no_analysis_of_variance(ratings, make_study):
    frame = make_study(6, 5, 1, a=40.0, b=60.0)
    odd = frame["listener"].isin(["L00", "L02", "L04"]) & (frame["utterance"] == "U00")
    even = frame["listener"].isin(["L01", "L03", "L05"]) & (frame["utterance"] == "U01")
    found = bs1534_analysis(ratings(frame[~(odd | even)]), [("b", "a")], draws=100)
    assert found.effects == ()
    assert found.n_listeners == 0
    assert len(found.contrasts) == 1


def test_bounds_of_five_equal_looks_are_the_published_ones():
    """Lan-DeMets bounds of O'Brien-Fleming and Pocock type, two-sided 5 % (ldbounds, gsDesign)."""
    found = [look.z for look in looks_correction(FIFTHS)]
    assert found == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=0.001)
    found = [look.z for look in looks_correction(FIFTHS, spending="pocock")]
    assert found == pytest.approx([2.438, 2.427, 2.410, 2.397, 2.386], abs=0.001)
    assert looks_correction([1.0])[0].alpha == pytest.approx(0.05)


def test_error_of_uncorrected_looks_equals_published_values():
    """Armitage, McPherson and Rowe (1969), table 2: repeated tests at 5 %."""
    for looks, error in ((1, 0.05), (2, 0.083), (5, 0.142), (10, 0.193), (20, 0.248)):
        fractions = np.arange(1, looks + 1) / looks
        assert uncorrected_error(fractions.tolist()) == pytest.approx(error, abs=0.0006)


def test_looks_that_do_not_rise_are_refused():
    for fractions in ([], [0.5, 0.5], [0.0, 1.0], [0.5, 1.2]):
        with pytest.raises(UserError, match="rising shares"):
            looks_correction(fractions)


def test_ranks_of_systems_far_apart_and_alike(ratings, make_study):
    frame = make_study(20, 10, 2, a=30.0, b=60.0, c=60.0)
    same = frame[frame["system"] == "b"].assign(score=lambda f: f["score"].to_numpy()[::-1])
    frame.loc[frame["system"] == "c", "score"] = same["score"].to_numpy()
    found = rank_stability(ratings(frame), draws=500)
    assert found is not None
    assert found.systems[2] == "a"
    assert found.chance[2, 2] == 1.0
    assert found.chance.sum(0) == pytest.approx(1)
    assert found.chance.sum(1) == pytest.approx(1)
    # b and c hold the same scores in another order.
    assert min(found.chance[:2, 0]) > 0.2
