"""Agreement of a study's check and its report on BS.1534-3."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.data.ratings import read_ratings
from analysis.questions.bs1534 import bs1534_analysis
from analysis.report.compliance import compliance
from analysis.report.result import analyse
from intone.contracts import bs1534
from intone.contracts.bs1534 import DEPARTS, MET, ComplianceRow
from mushra_app.compliance.table import compliance_rows
from mushra_app.study.file import Study, read_study
from tests.mushra_app.clean_study import clean_study

TABLE = {(d.clause, d.requirement) for d in vars(bs1534).values() if isinstance(d, bs1534.Demand)}
CONDITIONS = {"natural": "reference", "low": "anchor_low", "mid": "anchor_mid"}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return read_study(clean_study(tmp_path_factory.mktemp("clean")))


def report_rows(folder: Path, systems: list[str], sentences: list[str]) -> list[ComplianceRow]:
    """Return the report's table for four listeners who rated everything."""
    rng = np.random.default_rng(3)
    rows = [
        {"listener": f"L{i}", "utterance": sentence, "system": system, "role": role,
         "score": int(rng.integers(0, 100)), "origin": "simulated"}
        for i in range(4)
        for sentence in sentences
        for system, role in {**CONDITIONS, **dict.fromkeys(systems, "system")}.items()
    ]  # fmt: skip
    path = folder / "ratings.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    result = analyse(read_ratings(path, baseline=systems[0]), rule="none")
    return compliance(result, bs1534_analysis(result.ratings, [(systems[1], systems[0])]))


@pytest.mark.parametrize(
    ("systems", "sentences", "signals", "excerpts"),
    [
        (9, 14, MET, MET),
        (10, 15, DEPARTS, MET),
        (7, 10, MET, DEPARTS),
        (7, 11, MET, MET),
        (2, 4, MET, DEPARTS),
        (2, 5, MET, MET),
    ],
)
def test_check_and_report_count_alike(tmp_path, study, systems, sentences, signals, excerpts):
    names = [f"x{i}" for i in range(systems)]
    texts = [f"s{i}" for i in range(sentences)]
    sizes = {"systems": names, "sentences": texts, "pages_per_listener": sentences}
    for rows in (
        compliance_rows(study.model_copy(update=sizes)),
        report_rows(tmp_path, names, texts),
    ):
        assert {(row.clause, row.requirement) for row in rows} <= TABLE
        status = {row.requirement: row.status for row in rows}
        assert status[bs1534.SIGNALS.requirement] == signals
        assert status[bs1534.EXCERPTS.requirement] == excerpts
        assert status[bs1534.HIDDEN_REFERENCE.requirement] == MET
        assert status[bs1534.ANCHORS.requirement] == MET
