"""Import of pymushra, beaqleJS, Netflix and wide tables with known defects."""

import pandas as pd
import pytest

from analysis.data.importers.recognise import import_results
from analysis.data.importers.rows import Options
from analysis.data.ratings import read_ratings
from intone.errors import UserError
from tests.analysis.data import foreign


def _read(*files, **options):
    source, _ = import_results(list(files), options=Options(**options))
    return source.frame, " ".join(source.notes)


def _refusal(*files, **options):
    with pytest.raises(UserError) as refused:
        _read(*files, **options)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_values_that_pymushra_cast_are_flagged(tmp_path):
    database = foreign.pymushra()
    for document in database["tts"].values():
        document["id"] = int(document["id"][1:])
        document["questionaire"]["pid"] = 7
    path = foreign.write_json(tmp_path / "db.json", database)
    frame, notes = _read(path)
    assert set(frame["utterance"]) == {"0", "1", "2"}
    assert "12 names of pages and stimuli stored as numbers" in notes
    assert "a listener who sent twice counts as two" in notes
    assert (
        "stored as numbers"
        not in _read(foreign.write_json(tmp_path / "x.json", foreign.pymushra()))[1]
    )
    one = {"tts": dict(list(database["tts"].items())[:3])}
    path = foreign.write_json(tmp_path / "one.json", one)
    frame, notes = _read(path, listener_column="pid")
    assert set(frame["listener"]) == {"listener-01"}
    assert "two listeners (007 and 7) may have become one" in notes


def test_grades_that_pymushra_cut(tmp_path):
    database = foreign.pymushra(2, 1)
    for document in database["tts"].values():
        document["type"] = "bs1116"
        document["responses"] = [
            {
                "reference": "reference",
                "nonReference": name,
                "referenceScore": 5,
                "nonReferenceScore": 3,
                "time": 900,
            }
            for name in ("a", "b")
        ]
    frame, notes = _read(foreign.write_json(tmp_path / "db.json", database))
    assert frame["score"].tolist() == [-2] * 4
    assert "3.9 became 3" in notes


def test_pymushras_other_pages(tmp_path):
    database = foreign.pymushra(2, 1)
    likert, pair = database["tts"].values()
    likert |= {
        "type": "likert_single_stimulus",
        "responses": [{"stimulus": "a", "stimulusRating": [4, 2], "time": 9}],
    }
    path = foreign.write_json(tmp_path / "one.json", {"tts": {"1": likert}})
    frame, _ = _read(path)
    assert frame[["question", "score"]].to_numpy().tolist() == [["scale 1", 4], ["scale 2", 2]]
    pair |= {
        "type": "paired_comparison",
        "responses": [{"reference": "r", "nonReference": "a", "answer": "incorrect", "time": 9}],
    }
    path = foreign.write_json(tmp_path / "two.json", {"tts": {"2": pair}})
    assert import_results([path])[0].frame["choice"].tolist() == ["b"]
    path = foreign.write_json(tmp_path / "both.json", {"tts": {"1": likert, "2": pair}})
    assert "likert_single_stimulus and paired_comparison pages in one file" in _refusal(path)
    likert["type"] = "spatial"
    path = foreign.write_json(tmp_path / "one.json", {"tts": {"1": likert}})
    assert "spatial pages give no score" in _refusal(path)


def test_broken_databases_of_pymushra(tmp_path):
    whole = foreign.write_json(tmp_path / "db.json", foreign.pymushra())
    cut = tmp_path / "cut.json"
    cut.write_text(whole.read_text()[:2000])
    assert _refusal(cut).startswith("cut.json, line 1: ")
    assert "take the database (db/webmushra.json)" in _refusal(cut)
    database = foreign.pymushra()
    database["tts"]["2"]["responses"][1]["score"] = float("nan")
    bad = foreign.write_json(tmp_path / "bad.json", database)
    assert "bad.json, document '2' of 'tts': score nan is not a number" in _refusal(bad)
    odd = [("responses", 3), ("questionaire", None), ("type", []), ("responses", [7])]
    for name, value in [*odd, ("responses", [{"stimulus": "a"}])]:
        database = foreign.pymushra()
        database["tts"]["5"][name] = value
        bad = foreign.write_json(tmp_path / "bad.json", database)
        assert "bad.json, document '5' of 'tts': " in _refusal(bad)
    database["tts"]["5"] = None
    bad = foreign.write_json(tmp_path / "bad.json", database)
    assert "bad.json, document '5' of 'tts': no id" in _refusal(bad)
    database = foreign.pymushra()
    database["tts"]["2"]["responses"][1]["score"] = 10**400
    assert "is not a number" in _refusal(foreign.write_json(tmp_path / "bad.json", database))
    bad.write_text(bad.read_text().replace("1" + "0" * 400, "1" + "0" * 5000))
    assert "numbers too long" in _refusal(bad)
    database = foreign.pymushra()
    del database["tts"]["4"]["questionaire"]["uuid"]
    bad = foreign.write_json(tmp_path / "bad.json", database)
    assert "document '4' of 'tts': no uuid of the submission" in _refusal(bad)
    database = foreign.pymushra()
    database["tts"]["99"] = database["tts"]["3"]
    bad = foreign.write_json(tmp_path / "bad.json", database)
    assert "document '99' of 'tts': listener" in _refusal(bad)
    frame = pd.DataFrame(foreign.flat(foreign.pymushra()))
    frame.to_csv(tmp_path / "e.csv", sep=";", index=False)
    lines = (tmp_path / "e.csv").read_text().splitlines()
    foreign.write(tmp_path / "e.csv", [*lines[:3], lines[3].replace(";", ",")])
    assert "e.csv, line 4: 1 cells where the header has" in _refusal(tmp_path / "e.csv")


def test_beaqlejs_mushra(tmp_path):
    files = [foreign.write_json(tmp_path / f"{n}.txt", foreign.beaqle(n)) for n in range(3)]
    frame, notes = _read(*files)
    assert set(frame["utterance"]) == {"s00", "s01", "s02"}
    assert dict(zip(frame["system"], frame["role"], strict=True))["Reference"] == "reference"
    assert frame["listener"].unique().tolist() == ["listener-01", "listener-02", "listener-03"]
    assert frame["score"].iloc[0] == foreign.score(0, 0, "reference")
    assert "3 pages that listeners were not given" in notes
    kept, _ = _read(*files, keep_columns=("UserName",), listener_column="UserEmail", keep_ids=True)
    assert kept["UserName"].unique().tolist() == ["Person 0", "Person 1", "Person 2"]
    assert kept["listener"].iloc[0] == "p0@mail.example"
    again = foreign.write_json(tmp_path / "again.txt", foreign.beaqle(0)[1:])
    assert "again.txt, element 1: listener 'listener-01' already rated" in _refusal(*files, again)


def test_beaqlejs_sides_become_versions(tmp_path):
    orders = {"A=A, B=B": {"A": "a", "B": "b"}, "A=B, B=A": {"A": "b", "B": "a"}}
    sitting, expected = [], []
    for order, sides in orders.items():
        for side, choice in sides.items():
            sitting.append(
                {
                    "TestID": f"t{len(sitting)}",
                    "PresentationOrder": order,
                    "Runtime": 5,
                    "Preference": side,
                }
            )
            expected.append((choice, sides["A"]))
    path = foreign.write_json(tmp_path / "p.txt", sitting)
    source, kind = import_results([path])
    assert kind == "preferences"
    assert (
        list(zip(source.frame["choice"], source.frame["first_on_screen"], strict=True)) == expected
    )
    assert "called A and B" in " ".join(source.notes)
    names = ["page,label,utterance,system"]
    names += [
        f"t{n},{side},text {n},{name}"
        for n in range(4)
        for side, name in (("A", "camp"), ("B", "ntts"))
    ]
    mapping = foreign.write(tmp_path / "map.csv", names)
    mapped, notes = _read(path, mapping=mapping)
    assert set(mapped["system_a"]) == {"camp"}
    assert mapped["utterance"].tolist() == ["text 0", "text 1", "text 2", "text 3"]
    assert "called A and B" not in notes
    sitting[0]["PresentationOrder"] = "left=B"
    path = foreign.write_json(tmp_path / "p.txt", sitting)
    assert "p.txt, element 1: PresentationOrder 'left=B'" in _refusal(path)


def test_losses_of_beaqlejs_are_reported(tmp_path):
    abx = foreign.write_json(tmp_path / "abx.txt", [True, False, {"UserName": "x"}])
    assert "abx.txt, element 1: a bare true of beaqleJS's ABX test" in _refusal(abx)
    cut = tmp_path / "cut.txt"
    cut.write_text(foreign.write_json(cut, foreign.beaqle(1)).read_text()[:300])
    assert "stores 64 kB at most" in _refusal(cut)
    sitting = foreign.beaqle(1)
    sitting[0]["rating"]["one"] = None
    bad = foreign.write_json(tmp_path / "bad.txt", sitting)
    assert "bad.txt, element 1: score of 'one' None is not a number" in _refusal(bad)
    sitting[0]["rating"] = dict.fromkeys(["one", "two"], 140)
    bad = foreign.write_json(tmp_path / "bad.txt", sitting)
    assert "lies outside the scale 0 to 100" in _refusal(bad)


def test_netflix(tmp_path):
    files = []
    for person in range(3):
        status = "aborted" if person == 2 else "completed"
        path = tmp_path / f"{person}.xml"
        path.write_text(foreign.netflix(person, status=status))
        files.append(path)
    files[1].write_text(files[1].read_text().replace('"s02_sysA.wav"', '"../take_sysC.wav"'))
    frame, notes = _read(*files)
    assert set(frame["system"]) == {*foreign.LABELS, "take_sysC"}
    row = frame[(frame["utterance"] == "s01") & (frame["system"] == "sysB")].iloc[0]
    assert (row["score"], row["n_plays"], row["rating_time_ms"], row["study"]) == (
        foreign.score(0, 1, "sysB"),
        2,
        22500,
        "codecs",
    )
    assert "1 sitting not marked complete (aborted)" in notes
    assert "1 file name did not begin with the trial's name" in notes
    kept, _ = _read(files[0], keep_ids=True)
    assert set(kept["listener"]) == {"Person 0"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("</MUSHRA>", "", "XML that is cut off or broken"),
        ('score="', 'score="x', "trial 's00': score of "),
        ("<MUSHRA>", "<!DOCTYPE a><MUSHRA>", "document type or entities"),
        ("<trials>", "<tries>", "XML that is cut off or broken"),
        ('trialName="s01"', "", "a trial without trialName"),
        ('fileName="s00_sysB.wav"', "", "trial 's00': a testFile without fileName"),
        ("s00_sysA", "s00_sysB", "trial 's00': listener 'listener-01' already rated"),
    ],
)
def test_broken_xml(tmp_path, old, new, said):
    path = tmp_path / "n.xml"
    path.write_text(foreign.netflix(0).replace(old, new))
    text = _refusal(path)
    assert text.startswith("n.xml")
    assert said in text


WIDE = ["listener,age,utterance,ntts,camp", "ann,30,u1,40,60", "bob,31,u1,41,", "ann,30,u2,42,62"]


def test_wide_tables_by_system(tmp_path):
    path = foreign.write(tmp_path / "w.csv", WIDE)
    said = "w.csv, line 1: several scores in a row; name the columns that are systems"
    assert said in _refusal(path)
    with pytest.raises(UserError, match="name the columns that are systems"):
        read_ratings(path)
    frame, notes = _read(path, systems=("ntts", "camp"), roles={"reference": "camp"})
    assert frame["score"].tolist() == [40, 60, 41, 42, 62]
    assert frame["listener"].tolist() == ["listener-01"] * 2 + ["listener-02"] + ["listener-01"] * 2
    assert frame["role"].tolist() == ["system", "reference", "system", "system", "reference"]
    assert "age" not in frame.columns
    assert "1 empty cell" in notes
    assert "column 'kathaka' is 0 times" in _refusal(path, systems=("ntts", "kathaka"))
    foreign.write(path, [*WIDE, "ann,30,u1,9,9"])
    assert "line 5: listener 'listener-01' already rated" in _refusal(path, systems=("ntts",))
    foreign.write(path, [*WIDE, "eve,30,u1,nan,9"])
    assert "line 5: score of 'ntts' 'nan' is not a number" in _refusal(path, systems=("ntts",))
    foreign.write(path, [*WIDE, "eve;30;u1;8;9"])
    assert "line 5: 1 cells where the header has 5" in _refusal(path, systems=("ntts",))


def test_wide_tables_by_stimulus(tmp_path):
    path = foreign.write(
        tmp_path / "m.csv", ["who,age,Q1,Q2,Q3,Q4", "ann,30,1,2,3,4", "bob,31,5,4,3,2"]
    )
    names = foreign.write(
        tmp_path / "map.csv",
        ["column,utterance,system", "Q1,u1,ntts", "Q2,u1,camp", "Q3,u2,ntts", "Q4,u2,camp"],
    )
    source, _ = import_results(
        [path], "wide", Options(mapping=names, listener_column="who", scale=(1.0, 5.0))
    )
    frame = source.frame
    assert frame.pivot_table(
        index="system", columns="utterance", values="score", aggfunc="sum"
    ).to_numpy().tolist() == [[6, 6], [6, 6]]
    assert frame[["utterance", "system", "score"]].to_numpy().tolist()[4:] == [
        ["u1", "ntts", 5],
        ["u1", "camp", 4],
        ["u2", "ntts", 3],
        ["u2", "camp", 2],
    ]
    assert set(frame["scale_max"]) == {5.0}
    foreign.write(names, ["column,utterance,system", "Q9,u1,ntts"])
    with pytest.raises(UserError, match=r"map.csv, line 2: column 'Q9' is 0 times in m.csv"):
        import_results([path], "wide", Options(mapping=names, listener_column="who"))
    foreign.write(names, ["page,utterance,system", "Q9,u1,ntts"])
    with pytest.raises(UserError, match="a mapping needs column, utterance, system"):
        import_results([path], "wide", Options(mapping=names, listener_column="who"))
