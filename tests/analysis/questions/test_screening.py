"""Post-screening rules on hand-made listeners whose fate the standard decides."""

import pandas as pd
import pytest

from analysis.data.ratings import read_ratings
from analysis.questions.screening import screen
from analysis.report.result import analyse
from analysis.report.warnings import warnings
from intone.errors import UserError

N = 20


def _ratings(tmp_path, listeners, n_items=N, page_type="mushra"):
    """Ratings with (low references, high mid anchors) by listener."""
    rows = []
    for name, (low_references, high_mids) in listeners.items():
        for item in range(n_items):
            # The high mid-anchor scores fall on other items for other listeners.
            shifted = (item - 7 * len(rows)) % n_items
            scores = {
                "ref": 89.0 if item < low_references else 90.0,
                "mid": 91.0 if shifted < high_mids else 90.0,
                "low": 20.0,
                "x": 50.0,
            }
            rows += [(name, f"U{item:02}", s, score) for s, score in scores.items()]
    frame = pd.DataFrame(rows, columns=["listener", "utterance", "system", "score"])
    path = tmp_path / "r.csv"
    frame.assign(page_type=page_type).to_csv(path, index=False)
    return read_ratings(path, reference="ref", anchor_mid="mid", anchor_low="low")


def test_exactly_15_percent_stays_and_more_goes(tmp_path):
    """3 of 20 items is 15 %, which is not above it.

    (pymushra drops every listener with a single bad item.)
    """
    good = {f"good{i}": (0, 0) for i in range(9)}
    ratings = _ratings(tmp_path, {**good, "one": (1, 0), "three": (3, 0), "four": (4, 0)})
    found = screen(ratings, "bs1534-3")
    assert [(e.listener, e.reasons) for e in found.excluded] == [
        ("four", ("hidden reference below 90 on 4 of 20 items",))
    ]
    assert "four" not in found.kept.listeners
    assert len(found.kept.frame) == len(ratings.frame) - 4 * N


def test_mid_anchor_above_90_is_the_second_reason(tmp_path):
    good = {f"good{i}": (0, 0) for i in range(9)}
    ratings = _ratings(tmp_path, {**good, "three": (0, 3), "four": (0, 4), "both": (20, 20)})
    found = {e.listener: e.reasons for e in screen(ratings, "bs1534-3").excluded}
    assert found == {
        "four": ("mid anchor above 90 on 4 of 20 items",),
        "both": (
            "hidden reference below 90 on 20 of 20 items",
            "mid anchor above 90 on 20 of 20 items",
        ),
    }


@pytest.mark.parametrize(("generous", "excluded"), [(2, {"g0", "g1"}), (3, set())])
def test_items_that_more_than_a_quarter_overrate_do_not_count(tmp_path, generous, excluded):
    """Of 8 listeners 2 (25 %) keep the items, 3 remove them."""
    listeners = {f"g{i}": (0, N) for i in range(generous)}
    listeners |= {f"n{i}": (0, 0) for i in range(8 - generous)}
    found = screen(_ratings(tmp_path, listeners), "bs1534-3")
    assert {e.listener for e in found.excluded} == excluded
    assert any("did not count" in note for note in found.notes) == (not excluded)


def test_mpeg_drops_at_the_first_offence(tmp_path):
    ratings = _ratings(tmp_path, {"a": (0, 0), "b": (0, 0), "one": (1, 0), "rank": (0, 1)})
    assert {e.listener: e.reasons for e in screen(ratings, "mpeg").excluded} == {
        "one": ("hidden reference below 90 on 1 item", "reference below mid anchor on 1 item"),
        "rank": ("reference below mid anchor on 1 item",),
    }


def test_none_keeps_everybody_and_is_the_default_without_a_mentioned_reference(tmp_path):
    listeners = {"a": (20, 0), "b": (20, 0), "c": (0, 0), "d": (0, 0)}
    assert screen(_ratings(tmp_path, listeners), "none").excluded == ()
    assert screen(_ratings(tmp_path, listeners)).rule == "bs1534-3"
    found = screen(_ratings(tmp_path, listeners, page_type="mushra_nmr"))
    assert (found.rule, found.excluded) == ("none", ())
    assert "listeners did not know of a reference" in found.notes[0]


def test_rule_that_excludes_all_listeners_is_refused(tmp_path):
    with pytest.raises(UserError, match="leaves 1 listener of 3; use --screening none"):
        screen(_ratings(tmp_path, {"a": (20, 0), "b": (20, 0), "c": (0, 0)}), "bs1534-3")


def test_default_screening_that_excludes_all_keeps_all_with_a_warning(tmp_path):
    found = screen(_ratings(tmp_path, {"a": (20, 0), "b": (20, 0), "c": (0, 0)}))
    assert (found.rule, found.excluded) == ("none", ())
    assert "BS.1534-3 would leave 1 listener of 3" in found.notes[0]


def test_other_scales_are_screened_at_nine_tenths(tmp_path):
    rows = [
        (f"L{i}", f"U{j}", s, v)
        for i in range(4)
        for j in range(5)
        for s, v in (("ref", 4.5 if i == 0 else 4.6), ("x", 2.0))
    ]
    path = tmp_path / "mos.csv"
    pd.DataFrame(rows, columns=["listener", "utterance", "system", "score"]).to_csv(
        path, index=False
    )
    ratings = read_ratings(path, reference="ref", scale=(1, 5))
    for rule, reason in (
        ("bs1534-3", "hidden reference below 4.6 on 5 of 5 items"),
        ("mpeg", "hidden reference below 4.6 on 5 items"),
    ):
        found = screen(ratings, rule)
        assert [(e.listener, e.reasons) for e in found.excluded] == [("L0", (reason,))]
    found = screen(ratings)
    assert (found.rule, found.excluded) == ("none", ())
    assert "BS.1534-3 is for MUSHRA pages on a scale from 0 to 100" in found.notes[0]


def test_the_standard_is_no_default_for_pages_of_another_kind(tmp_path):
    listeners = {"a": (20, 0), "b": (0, 0), "c": (0, 0)}
    found = screen(_ratings(tmp_path, listeners, page_type="acr"))
    assert (found.rule, found.excluded) == ("none", ())
    assert "BS.1534-3 is for MUSHRA pages" in found.notes[0]


@pytest.mark.parametrize("only", ["x", "ref", "base"])
def test_a_system_that_only_screened_out_listeners_rated_has_no_results(tmp_path, make_study, only):
    frame = make_study(8, 6, 3, base=50.0, x=60.0, y=65.0, ref=90.0, mid=30.0)
    frame.loc[frame["system"] == "ref", "score"] = 95.0
    bad = frame["listener"] == "L00"
    frame.loc[bad & (frame["system"] == "mid"), "score"] = 100.0
    path = tmp_path / "r.csv"
    frame[bad | (frame["system"] != only)].to_csv(path, index=False)
    ratings = read_ratings(path, baseline="base", reference="ref", anchor_mid="mid")
    found = analyse(ratings, "all")
    assert [row.listener for row in found.screening.excluded] == ["L00"]
    assert only not in [row.system for row in found.systems]
    assert only not in {name for row in found.comparisons for name in (row.x, row.y)}
    assert [row.system for row in found.gaps] == (["y"] if only == "x" else [])
    note = f"{only} was rated only by listeners who were left out: it has no results."
    assert note in warnings(found)
    assert not any("No baseline" in warning for warning in warnings(found))
    # With everybody in, the system is there.
    assert only in {name for row in found.unscreened[0] for name in (row.x, row.y)}
