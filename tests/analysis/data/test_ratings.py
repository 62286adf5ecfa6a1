"""Reading of ratings, and error messages for invalid ones."""

import sqlite3

import numpy as np
import pandas as pd
import pytest

from analysis.data.ratings import read_ratings
from intone.contracts import RATING_COLUMNS
from intone.errors import UserError

HEADER = "listener,utterance,system,score\n"
GOOD = HEADER + "L1,U1,a,10\nL1,U1,b,20\nL2,U1,a,30\nL2,U1,b,40\n"


def _full(frame: pd.DataFrame) -> pd.DataFrame:
    """All contract columns, as the listening test writes them."""
    full = frame.assign(
        study="s",
        session="x",
        trial=frame["utterance"],
        page_type="mushra",
        question="q",
        role="system",
        scale_min=0.0,
        scale_max=100.0,
        arm="main",
        phase="test",
        page_index=0,
        stimulus_index=0,
        repeat=0,
        started_at="2026-01-01T00:00:00Z",
        rating_time_ms=1000,
        n_plays=1,
        heard_ms=900,
        moved=True,
        origin="human",
    )
    return full[list(RATING_COLUMNS)]


def test_four_columns_are_enough(write_csv):
    found = read_ratings(write_csv(GOOD))
    assert found.systems == ("a", "b")
    assert found.origin == "imported:csv"
    assert found.scale == (0.0, 100.0)
    np.testing.assert_array_equal(found.pages().scores, [[10, 20], [30, 40]])


def test_semicolons_byte_order_mark_and_blank_lines_are_read(tmp_path):
    path = tmp_path / "excel.csv"
    path.write_bytes(("\ufeff" + GOOD.replace(",", ";").replace("L2,", "\n")).encode())
    path.write_text("\ufeff" + GOOD.replace(",", ";") + "\n\n;;;\n", encoding="utf-8")
    assert len(read_ratings(path).frame) == 4


def test_listener_names_stay_as_written(write_csv):
    found = read_ratings(write_csv(GOOD.replace("L1", "007").replace("L2", "1e5")))
    assert found.listeners == ("007", "1e5")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "ratings.csv: the file is empty"),
        (HEADER, "ratings.csv: the table has no ratings"),
        ("listener,system,score\nL1,a,3\n", "no column utterance; found listener, system, score"),
        (GOOD + "L3,U1,a,loud\n", "ratings.csv, line 6: score 'loud' is not a number"),
        (GOOD + "L3,U1,a,\n", "line 6: the score is missing"),
        (GOOD + "L3,U1,a,nan\n", "line 6: score 'nan' is not a number"),
        (GOOD + "L3,U1,a,inf\n", "line 6: score 'inf' is not a number"),
        (GOOD + "L3,U1,a,100.5\n", "line 6: score 100.5 lies outside the scale 0 to 100"),
        (GOOD + "\nL3,U1,a,-1\n", "line 7: score -1 lies outside the scale 0 to 100"),
        (GOOD + "L2,U1,b,41\n", "line 6: listener 'L2' already rated system 'b' in utterance"),
        (GOOD + ",U1,b,41\n", "line 6: column listener is blank"),
        (GOOD + "L3,U1,b\n", "line 6: 3 cells where the header has 4"),
        (HEADER + "L1,U1,a,1\nL2,U1,a,2\n", "only one system ('a') was rated"),
        ("listener,listener,system,score\n", "column 'listener' is twice"),
        (
            "listener,utterance,system,score,role\nL1,U1,a,1,king\n",
            "line 2: role is 'king'; it must be one of system, reference",
        ),
        (
            "listener,utterance,system,score,origin\nL1,U1,a,1,robot\n",
            "line 2: origin is 'robot'; it must be human, simulated or imported:<tool>",
        ),
        (
            "listener,utterance,system,score,phase\nL1,U1,a,1,training\n",
            "no rating has phase test",
        ),
        (
            "listener,utterance,system,score,study\nL1,U1,a,1,x\nL1,U1,b,1,y\n",
            "2 different values of study ('x', 'y')",
        ),
    ],
)
def test_bad_tables_are_refused_in_one_sentence(write_csv, text, sentence):
    with pytest.raises(UserError) as refusal:
        read_ratings(write_csv(text))
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_unknown_systems_are_refused_with_near_names(write_csv):
    path = write_csv(GOOD.replace(",a,", ",baseline,").replace(",b,", ",kathaka,"))
    with pytest.raises(
        UserError, match=r"no system 'basline' .--baseline.; did you mean 'baseline'"
    ):
        read_ratings(path, baseline="basline")
    with pytest.raises(
        UserError, match=r"no system 'x' .--reference.; it has 'baseline', 'kathaka'"
    ):
        read_ratings(path, reference="x")
    with pytest.raises(UserError, match="cannot be reference and baseline at once"):
        read_ratings(path, baseline="baseline", reference="baseline")


def test_a_missing_file_and_one_that_is_no_table(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        read_ratings(tmp_path / "none.csv")
    (tmp_path / "sound.csv").write_bytes(b"RIFF\xff\xfe\x00\x81")
    with pytest.raises(UserError, match="not a CSV table in UTF-8"):
        read_ratings(tmp_path / "sound.csv")
    (tmp_path / "x.parquet").write_bytes(b"no")
    with pytest.raises(UserError, match="not a Parquet table"):
        read_ratings(tmp_path / "x.parquet")


def test_training_gold_and_repeats_do_not_count(tmp_path, make_study):
    frame = _full(make_study(3, 2, a=40.0, b=60.0))
    training = frame.assign(phase="training", score=0.0)
    gold = frame.assign(phase="gold", score=1.0)
    repeat = frame.assign(phase="repeat", repeat=1, score=frame["score"] + 2)
    path = tmp_path / "r.csv"
    pd.concat([training, frame, gold, repeat]).to_csv(path, index=False)
    found = read_ratings(path)
    np.testing.assert_array_equal(
        found.pages().scores,
        frame.pivot_table(
            index=["listener", "utterance"], columns="system", values="score"
        ).to_numpy(),
    )
    assert found.notes == (
        "12 ratings of gold pages do not count.",
        "12 ratings of repeat pages do not count.",
        "12 ratings of training pages do not count.",
    )
    means = read_ratings(path, repeats="mean").pages().scores
    np.testing.assert_allclose(means, found.pages().scores + 1)


def test_one_simulated_rating_labels_everything(tmp_path, make_study):
    frame = _full(make_study(3, 2, a=40.0, b=60.0))
    path = tmp_path / "r.csv"
    frame.to_csv(path, index=False)
    assert read_ratings(path).origin == "human"
    frame.loc[3, "origin"] = "simulated"
    frame.to_csv(path, index=False)
    assert read_ratings(path).simulated


def test_file_kinds_agree(tmp_path, make_study):
    frame = _full(make_study(4, 3, a=40.0, b=60.0, c=50.0))
    frame.loc[frame["system"] == "c", "role"] = "reference"
    frame.to_csv(tmp_path / "r.csv", index=False)
    frame.to_parquet(tmp_path / "r.parquet")
    with sqlite3.connect(tmp_path / "r.sqlite") as database:
        frame.to_sql("rating", database, index=False)
        database.execute("CREATE VIEW ratings_v1 AS SELECT * FROM rating")
        database.execute(
            "CREATE VIEW looks_v1 AS SELECT 's' AS study UNION ALL SELECT 's' "
            "UNION ALL SELECT 'another study'"
        )
    database.close()
    odd = tmp_path / "study #1?.sqlite"
    odd.write_bytes((tmp_path / "r.sqlite").read_bytes())
    url = f"sqlite:///{tmp_path / 'r.sqlite'}"
    places = [tmp_path / "r.csv", tmp_path / "r.parquet", odd, url]
    found = [read_ratings(place) for place in places]
    assert len({one.sha256 for one in found}) == 1
    assert {one.roles.reference for one in found} == {"c"}
    assert [one.looks for one in found] == [None, None, 2, 2]


def test_a_database_without_the_view_is_refused(tmp_path):
    sqlite3.connect(tmp_path / "other.db").close()
    with pytest.raises(UserError, match=r"other\.db: no view ratings_v1"):
        read_ratings(tmp_path / "other.db")


def test_blank_cells_are_as_good_as_missing_columns(write_csv):
    header = "listener,utterance,system,score,phase,role,repeat,origin,page_type,scale_max,moved\n"
    rows = [
        "L1,U1,a,10, Test,,,Human,,,",
        "L1,U1,b,20,,Reference,0,human,MUSHRA,100,true",
        "L2,U1,a,30,TEST,System,0,human,mushra,,false",
        "L2,U1,b,40,test,reference,,HUMAN,mushra,100,",
    ]
    found = read_ratings(write_csv(header + "\n".join(rows)))
    np.testing.assert_array_equal(found.pages().scores, [[20, 10], [40, 30]])
    assert (found.origin, found.roles.reference) == ("human", "b")
    assert found.frame["page_type"].unique().tolist() == ["mushra"]
    assert found.frame["moved"].tolist() == [True, True, False, True]


def test_an_imported_tool_keeps_its_spelling(write_csv):
    text = GOOD.replace("score\n", "score,origin\n").replace("0\n", "0,imported:webMUSHRA\n")
    assert read_ratings(write_csv(text)).origin == "imported:webMUSHRA"


def test_one_uncounted_row_is_reported_in_the_singular(write_csv):
    text = GOOD.replace("score\n", "score,phase,repeat\n").replace("0\n", "0,test,0\n")
    found = read_ratings(write_csv(text + "L1,U1,a,9,test,1\nL1,U2,a,5,gold,0\n"))
    assert found.notes == (
        "1 rating of gold pages does not count.",
        "1 repeated rating does not count.",
    )


def test_no_copy_synthesis_is_taken_for_a_system_under_test(tmp_path, make_study):
    frame = make_study(3, 2, base=40.0, x=50.0, rec=90.0, rec2=88.0, copy1=80.0, copy2=70.0)
    roles = {"rec": "reference", "copy1": "copy_synthesis", "copy2": "copy_synthesis"}
    frame["role"] = frame["system"].map(lambda system: roles.get(system, "system"))
    path = tmp_path / "r.csv"
    frame.to_csv(path, index=False)
    found = read_ratings(path, baseline="base")
    assert found.test_systems == ("rec2", "x")
    assert found.systems[:3] == ("rec", "copy1", "copy2")
    assert found.notes == ()
    with pytest.raises(UserError, match="cannot be baseline and copy_synthesis at once"):
        read_ratings(path, baseline="copy2")
    other = read_ratings(path, baseline="base", reference="rec2")
    assert other.notes == (
        "The ratings call rec reference, but rec2 was named instead: rec counts as a system under "
        "test.",
    )
    assert read_ratings(path, baseline="rec", reference="rec2").notes == ()
