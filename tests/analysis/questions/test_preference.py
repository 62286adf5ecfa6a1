"""Preference tests: published fits, planted strengths, single pairs."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.questions.preference import preference
from intone.errors import UserError


def _rows(results: dict[tuple[str, str], tuple[int, int, int]]) -> pd.DataFrame:
    """Choices a, none, b of every pair, dealt to 10 listeners."""
    rows, rng = [], np.random.default_rng(0)
    for (x, y), counts in results.items():
        choices = [c for c, n in zip(("a", "none", "b"), counts, strict=True) for _ in range(n)]
        for place, choice in enumerate(rng.permutation(choices)):
            rows.append((f"L{place % 10}", f"U{place // 10:03}", x, y, str(choice)))
    columns = ["listener", "utterance", "system_a", "system_b", "choice"]
    return pd.DataFrame(rows, columns=pd.Index(columns))


def test_three_systems_without_ties_by_hand():
    """The fit recovers strengths 4 : 2 : 1 from exact counts."""
    frame = _rows({("a", "b"): (40, 0, 20), ("b", "c"): (40, 0, 20), ("a", "c"): (48, 0, 12)})
    found = preference(frame, draws=50)
    assert [ability.system for ability in found.abilities] == ["a", "b", "c"]
    strengths = [ability.log_strength for ability in found.abilities]
    assert strengths == pytest.approx([np.log(2), 0, -np.log(2)], abs=1e-5)
    assert found.tie == 0
    assert found.abilities[0].elo == pytest.approx(400 * np.log10(2), abs=0.01)
    (pair,) = (p for p in found.pairs if (p.x, p.y) == ("a", "c"))
    assert pair.model_win == pytest.approx(0.8, abs=1e-5)
    assert pair.naive_p == pytest.approx(stats.binomtest(48, 60).pvalue)


def test_davidsons_ties_by_hand():
    """Strengths 4:1, nu = 0.5: shares 4, 1, 1 of 6."""
    found = preference(_rows({("x", "y"): (80, 20, 20)}), draws=50)
    assert found.tie == pytest.approx(0.5, abs=1e-5)
    assert found.abilities[0].log_strength == pytest.approx(np.log(4) / 2, abs=1e-5)
    (pair,) = found.pairs
    assert pair.fit.raw == pytest.approx(0.5)
    assert pair.text.startswith(
        "x was preferred in 66.7 %, y in 16.7 %, neither in 16.7 % of 120 choices; the "
        "difference of +50.0 percentage points (95 % CI "
    )
    assert "Holm" not in pair.text and pair.text.endswith("10 listeners × 12 utterances.")


def test_sides_and_names_do_not_matter():
    frame = _rows({("a", "b"): (30, 10, 20), ("b", "c"): (25, 5, 30), ("a", "c"): (33, 9, 18)})
    swapped = frame.rename(columns={"system_a": "system_b", "system_b": "system_a"})
    swapped["choice"] = frame["choice"].map({"a": "b", "b": "a", "none": "none"})
    one, other = preference(frame, draws=100), preference(swapped, draws=100)
    for p, q in zip(one.pairs, other.pairs, strict=True):
        assert (p.x, p.y, p.n_x, p.n_none, p.n_y) == (q.x, q.y, q.n_x, q.n_none, q.n_y)
        assert p.fit.p == pytest.approx(q.fit.p, rel=1e-6)
        assert p.model_ci == pytest.approx(q.model_ci, abs=1e-4)


def test_published_camp_preference_is_overwhelming_only_if_choices_are_independent():
    """DurIAN+ against the attention model (Hodari et al. 2021).

    The shares are 63.1 / 11.0 / 25.9 %
    of 1,440 choices of 15 listeners; the sign test then gives p < 1e-15, as published.
    """
    frame = _rows({("durian_plus", "s2s"): (909, 158, 373)})
    (pair,) = preference(frame, draws=20).pairs
    assert pair.naive_p < 1e-15
    assert pair.fit.raw == pytest.approx((909 - 373) / 1440)


def test_listeners_who_disagree_widen_the_interval():
    """Split listeners give equal counts and far less certainty."""
    n_l, n_u = 12, 20
    listener = np.repeat(np.arange(n_l), n_u)
    base = {
        "listener": [f"L{i:02}" for i in listener],
        "utterance": [f"U{j:02}" for j in np.tile(np.arange(n_u), n_l)],
        "system_a": "x",
        "system_b": "y",
    }
    camps = pd.DataFrame({**base, "choice": np.where(listener % 2 == 0, "a", "b")})
    dealt = np.random.default_rng(0).permutation(camps["choice"].to_numpy())
    mixed = camps.assign(choice=dealt)
    widths = []
    for frame in (camps, mixed):
        low, high = preference(frame, draws=300).abilities[0].ci
        widths.append(high - low)
    assert widths[0] > 2 * widths[1]


def test_a_system_that_always_wins_has_finite_numbers():
    found = preference(_rows({("x", "y"): (30, 0, 0), ("y", "z"): (20, 4, 10)}), draws=50)
    assert found.abilities[0].system == "x"
    assert all(np.isfinite([*a.ci, a.elo]).all() for a in found.abilities)
    # Finite, but not by the choices: nothing bounds x from above.
    assert not found.determined and found.unbounded == 1
    assert found.pairs[0].model_win == pytest.approx(1, abs=1e-3)


def test_unanalysable_data_are_refused():
    frame = _rows({("a", "b"): (5, 1, 4), ("c", "d"): (5, 1, 4)})
    with pytest.raises(UserError, match="'a' is never compared with 'c'"):
        preference(frame)
    with pytest.raises(UserError, match="choice 'left'; use a, b or none"):
        preference(frame.replace({"choice": {"a": "left"}}))
    with pytest.raises(UserError, match="no column choice"):
        preference(frame.drop(columns="choice"))
    with pytest.raises(UserError, match="'a' is compared with itself"):
        preference(frame.assign(system_b=frame["system_a"]))
