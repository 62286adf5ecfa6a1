"""Error messages for wrong files and numbers; nothing is written then."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from analysis.data.importers.recognise import import_results
from analysis.data.ratings import read_ratings
from analysis.models.crossed import fit_two_way
from analysis.models.equivalence import equivalence
from analysis.models.power import planned_power
from intone.errors import UserError

GOOD = "listener,utterance,system,score\nL1,U1,a,10\nL1,U1,b,20\nL2,U1,a,30\nL2,U1,b,40\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            GOOD.encode("utf-16"),
            r"r\.csv: not a CSV table in UTF-8; save it again in that encoding",
        ),
        (GOOD.replace("L1", "Jörg").encode("latin-1"), "not a CSV table in UTF-8; save it again"),
        (GOOD.replace("L1,", '"L1,', 1).encode(), "look for a quote that is not closed"),
        (GOOD.replace(",10", "," + 400 * "9").encode(), r"score '999\d+\.\.\.\d+' is not a number"),
    ],
)
def test_files_of_another_form(tmp_path, content, said):
    path = tmp_path / "r.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=said):
        read_ratings(path)


def test_folders_and_files_of_another_user(tmp_path, write_csv, monkeypatch):
    with pytest.raises(UserError, match="a folder; give the file with the ratings"):
        read_ratings(tmp_path)
    with pytest.raises(UserError, match="a folder; name the files in it"):
        import_results([tmp_path])
    path = write_csv(GOOD)

    def refused(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    for fmt in ("auto", "ratings"):
        with pytest.raises(UserError, match=r"r?\.csv: cannot be read \(Permission denied\)"):
            read_ratings(path, fmt)


@pytest.mark.parametrize("scale", [(5, 1), (0, float("inf")), (float("nan"), 5)])
def test_a_scale_that_is_none(write_csv, scale):
    path: Path = write_csv(GOOD)
    with pytest.raises(UserError, match=r"--scale .*: not a rising pair of numbers"):
        read_ratings(path, scale=scale)
    text = GOOD.replace("score\n", "score,scale_max\n").replace("0\n", "0,inf\n")
    with pytest.raises(UserError, match="line 2: scale_max is 'inf'; it must be a number, and a f"):
        read_ratings(write_csv(text))


def test_numbers_that_are_none(write_csv):
    with pytest.raises(UserError, match="no study is named; leave --study x out"):
        read_ratings(write_csv(GOOD), study="x")
    frame = pd.DataFrame({"l": [0, 1, 2, 0, 1, 2], "u": [0, 0, 0, 1, 1, 1]})
    fit = fit_two_way(frame["l"].to_numpy(), frame["u"].to_numpy(), frame.index.to_numpy(float))
    wrong: list[tuple[Callable[[float], object], str]] = [
        (lambda value: equivalence(fit, value), "not a number above 0"),
        (lambda value: planned_power(value, 20, 20), "is a number of points"),
    ]
    for ask, said in wrong:
        for value in (float("nan"), float("inf")):
            with pytest.raises(UserError, match=said):
                ask(value)
