"""Notebook functions: the report's numbers, printed and displayed."""

import numpy as np
import pytest

import analysis
from analysis.report.result import analyse
from analysis.wording import SIMULATED


def test_results_print_as_sentences_and_display_as_tables(simulated_csv):
    ratings = analysis.read_ratings(simulated_csv, baseline="ntts")
    expected = analyse(ratings)
    for shown, results in (
        (analysis.gap_table(ratings), expected.gaps),
        (analysis.comparison_table(ratings), expected.comparisons),
        (analysis.system_table(ratings), expected.systems),
    ):
        assert len(shown) == len(results) == len(shown.to_frame())
        page = shown._repr_html_()
        assert SIMULATED in page and SIMULATED in str(shown)
        assert "Screening " in page and "Screening " in str(shown)
        assert page.count("<tr") == 1 + len(results)
    assert expected.gaps[0].text in str(analysis.gap_table(ratings))
    gaps = analysis.gap_table(ratings).to_frame()
    np.testing.assert_allclose(gaps["gap"], [gap.gap for gap in expected.gaps])


def test_named_alternatives_and_reports_on_people_and_texts(simulated_csv):
    ratings = analysis.read_ratings(simulated_csv, baseline="ntts")
    ranks = analysis.comparison_table(ratings, method="wilcoxon")
    assert "holds for new listeners, these utterances" in str(ranks)
    assert len(analysis.listener_table(ratings)) == len(ratings.listeners)
    assert len(analysis.text_table(ratings, "camp", "ntts")) == len(ratings.utterances)


def test_missing_system_or_file_is_named(write_csv):
    rows = "".join(f"L{i},U{j},{s},50\n" for i in range(3) for j in range(2) for s in "ab")
    ratings = analysis.read_ratings(write_csv("listener,utterance,system,score\n" + rows))
    for shown in (analysis.comparison_table(ratings), analysis.system_table(ratings)):
        for face in (str(shown), shown._repr_html_(), shown.to_frame().to_json()):
            assert "nan" not in face.lower()
    assert "not defined" in analysis.comparison_table(ratings)._repr_html_()
    with pytest.raises(AttributeError, match="no attribute 'gaps'"):
        getattr(analysis, "gaps")  # noqa: B009
