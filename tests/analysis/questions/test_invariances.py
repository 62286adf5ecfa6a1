"""Changes of ratings that must keep a result, or change it predictably."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.data.ratings import read_ratings
from analysis.questions.compare import compare, contrast_pairs
from analysis.questions.gap import gap_reduction
from intone.errors import UserError

ROLES = {"baseline": "b", "reference": "r"}
QUICK = settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def frame(make_study) -> pd.DataFrame:
    """An incomplete design: a fifth of the pages is gone."""
    full = make_study(9, 7, 11, r=92.0, b=50.0, x=58.0, y=51.0)
    page = full["listener"] + full["utterance"]
    gone = np.random.default_rng(1).choice(page.unique(), 12, replace=False)
    return full[~page.isin(gone)]


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    path = tmp_path_factory.mktemp("numbers") / "r.csv"

    def run(frame: pd.DataFrame, **scale):
        frame.to_csv(path, index=False, float_format="%.17g")
        ratings = read_ratings(path, **ROLES, **scale)
        found = compare(ratings, contrast_pairs(ratings, "vs-baseline"))
        tests = {
            c.x: (c.fit.estimate, c.fit.se, c.fit.df, c.fit.p, c.wilcoxon.p, c.win_rate)
            for c in found
        }
        gaps = [gap_reduction(ratings, c, len(found)) for c in found]
        return tests, {g.system: (g.gap, *g.ci) for g in gaps if g is not None}

    return run


@pytest.fixture(scope="module")
def expected(frame, numbers):
    return numbers(frame)


@QUICK
@given(seed=st.integers(0, 10_000))
def test_row_order_changes_no_bit(frame, numbers, expected, seed):
    shuffled = frame.sample(frac=1, random_state=seed)
    assert numbers(shuffled) == expected


@QUICK
@given(seed=st.integers(0, 10_000))
def test_names_of_listeners_and_utterances_do_not_matter(frame, numbers, expected, seed):
    rng = np.random.default_rng(seed)
    renamed = frame.copy()
    for column in ("listener", "utterance"):
        names = frame[column].unique()
        renamed[column] = frame[column].map(dict(zip(names, rng.permutation(names), strict=True)))
    found = numbers(renamed)
    for one, other in zip(expected, found, strict=True):
        for key, values in one.items():
            assert other[key] == pytest.approx(values, rel=1e-5, abs=1e-9)


@QUICK
@given(seed=st.integers(0, 10_000))
def test_generosity_of_pages_does_not_matter(frame, numbers, expected, seed):
    """Everything compared is a difference within a page."""
    pages = (frame["listener"] + frame["utterance"]).unique()
    offset = dict(zip(pages, np.random.default_rng(seed).integers(-5, 6, len(pages)), strict=True))
    shifted = frame.assign(
        score=frame["score"] + (frame["listener"] + frame["utterance"]).map(offset)
    )
    found = numbers(shifted, scale=(-10.0, 110.0))
    for one, other in zip(expected, found, strict=True):
        for key, values in one.items():
            assert other[key] == pytest.approx(values, rel=1e-7, abs=1e-9)


@QUICK
@given(slope=st.floats(0.05, 20), intercept=st.floats(-50, 50))
def test_the_unit_of_the_scale_does_not_matter(frame, numbers, expected, slope, intercept):
    scaled = frame.assign(score=intercept + slope * frame["score"])
    ends = (intercept - 1e-6, intercept + 100 * slope + 1e-6)
    (tests, gaps), (tests2, gaps2) = expected, numbers(scaled, scale=ends)
    for key, (estimate, se, *rest) in tests.items():
        scaled_too = (slope * estimate, slope * se, *rest)
        assert tests2[key] == pytest.approx(scaled_too, rel=1e-4, abs=1e-7)
    for key, values in gaps.items():
        assert gaps2[key] == pytest.approx(values, rel=1e-7)


@QUICK
@given(data=st.data())
def test_duplicate_rating_is_always_found(frame, tmp_path, data):
    """Position and value of the second rating do not matter."""
    twice = frame.iloc[[data.draw(st.integers(0, len(frame) - 1))]]
    twice = twice.assign(score=data.draw(st.integers(0, 100)))
    place = data.draw(st.integers(0, len(frame)))
    path = tmp_path / "r.csv"
    pd.concat([frame.iloc[:place], twice, frame.iloc[place:]]).to_csv(path, index=False)
    with pytest.raises(UserError, match="already rated system"):
        read_ratings(path, **ROLES)
