"""Tables of whole studies: mixed pages, damaged files, very many rows."""

import resource
import sqlite3

import numpy as np
import pandas as pd
import pytest

from analysis.data.ratings import read_ratings
from intone.contracts import RATING_COLUMNS
from intone.errors import UserError


def _rows(frame: pd.DataFrame, **values: object) -> pd.DataFrame:
    fixed = {
        "study": "s",
        "session": "x",
        "trial": "t",
        "page_type": "mushra",
        "question": "q",
        "role": "system",
        "scale_min": 0.0,
        "scale_max": 100.0,
        "arm": "main",
        "phase": "test",
        "page_index": 0,
        "stimulus_index": 0,
        "repeat": 0,
        "started_at": "2026-01-01T00:00:00Z",
        "rating_time_ms": 1000,
        "n_plays": 1,
        "heard_ms": 900,
        "moved": True,
        "origin": "human",
    }
    return frame.assign(**{**fixed, **values})[list(RATING_COLUMNS)]


def _database(path, frame):
    with sqlite3.connect(path) as database:
        frame.to_sql("rating", database, index=False)
        database.execute("CREATE VIEW ratings_v1 AS SELECT * FROM rating")
    database.close()
    return path


@pytest.fixture
def mixed(tmp_path, make_study):
    """MUSHRA and MOS pages of one study, with other phases."""
    sliders = make_study(4, 3, 0, a=40.0, b=60.0)
    stars = sliders.assign(score=np.where(sliders["system"] == "a", 2.0, 4.0))
    acr = {"page_type": "acr", "question": "how natural?", "scale_min": 1.0, "scale_max": 5.0}
    parts = [
        _rows(sliders),
        _rows(sliders, repeat=1, phase="repeat"),
        _rows(sliders, phase="gold", trial="g"),
        _rows(stars, **acr),
        _rows(stars, phase="training", **{**acr, "page_type": "mushra_nmr"}),
    ]
    return _database(tmp_path / "study.sqlite", pd.concat(parts))


def test_kinds_of_pages_are_never_mixed(mixed):
    with pytest.raises(UserError) as refusal:
        read_ratings(mixed)
    assert "2 different values of page_type ('acr', 'mushra')" in str(refusal.value)
    assert str(refusal.value).endswith("choose one with --page-type")
    sliders = read_ratings(mixed, page_type="mushra")
    stars = read_ratings(mixed, page_type="acr")
    assert (sliders.scale, stars.scale) == ((0.0, 100.0), (1.0, 5.0))
    assert len(sliders.frame) == len(stars.frame) == 24
    assert set(stars.frame["score"]) == {2.0, 4.0}
    assert "24 ratings with another page type than 'mushra' left out." in sliders.notes
    with pytest.raises(UserError, match=r"no page_type 'ab' .--page-type.; it has 'acr', 'mushra'"):
        read_ratings(mixed, page_type="ab")


def test_practice_on_another_kind_of_page_is_no_second_kind(tmp_path, make_study):
    sliders = make_study(3, 3, 0, a=40.0, b=60.0)
    practice = _rows(sliders, phase="training", page_type="acr", question="warm-up", scale_max=5.0)
    path = tmp_path / "r.csv"
    pd.concat([_rows(sliders), practice]).to_csv(path, index=False)
    assert len(read_ratings(path).frame) == 18


def test_mixed_scales_are_named(tmp_path, make_study):
    sliders = make_study(3, 3, 0, a=40.0, b=60.0)
    other = _rows(sliders.assign(listener=sliders["listener"] + "x"), scale_max=200.0)
    path = tmp_path / "r.csv"
    pd.concat([_rows(sliders), other]).to_csv(path, index=False)
    with pytest.raises(UserError, match="not 0 to 100, 0 to 200; analyse tests with different"):
        read_ratings(path)


@pytest.mark.parametrize("damage", ["half", "start", "middle", "text"])
def test_a_damaged_database_is_one_sentence(tmp_path, make_study, damage):
    path = _database(tmp_path / "s.sqlite", _rows(make_study(20, 20, 0, a=40.0, b=60.0)))
    whole = path.read_bytes()
    path.write_bytes(
        {
            "half": whole[: len(whole) // 2],
            "start": whole[:5000],
            "middle": whole[:4096] + b"\xff" * 16384 + whole[20480:],
            "text": b"no database " * 500,
        }[damage]
    )
    with pytest.raises(UserError) as refusal:
        read_ratings(path)
    assert "s.sqlite: cannot be read as a database" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_found(write_csv, separator):
    text = "listener,utterance,system,score\nL1,U1,a,1\nL1,U1,b,2\n".replace(",", separator)
    assert len(read_ratings(write_csv(text)).frame) == 2


def test_wrong_separators_and_decimal_commas_are_named(write_csv):
    text = "listener utterance system score\nL1 U1 a 1\n"
    with pytest.raises(UserError, match="no column listener, utterance, system, score; found"):
        read_ratings(write_csv(text))
    text = "listener;utterance;system;score\nL1;U1;a;1,5\n"
    with pytest.raises(UserError, match=r"score '1,5' is not a number .decimals are written with"):
        read_ratings(write_csv(text))


def test_every_rating_a_repeat_is_refused(write_csv):
    text = "listener,utterance,system,score,repeat\nL1,U1,a,1,1\nL1,U1,b,2,1\n"
    with pytest.raises(UserError, match="every rating is a repeat"):
        read_ratings(write_csv(text))


@pytest.mark.slow
def test_a_million_rows_are_read_whole(tmp_path):
    n_l, n_u, systems = 1000, 200, 5
    codes = np.indices((n_l, n_u, systems)).reshape(3, -1)
    frame = pd.DataFrame(
        {
            "listener": codes[0],
            "utterance": codes[1],
            "system": codes[2],
            "score": (codes[0] * 7 + codes[1] * 3 + codes[2] * 11) % 101,
        }
    )
    path = tmp_path / "r.parquet"
    frame.to_parquet(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    found = read_ratings(path, baseline="0")
    assert len(found.frame) == 1_000_000
    assert found.pages().scores.shape == (200_000, 5)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 60
