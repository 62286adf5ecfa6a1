"""Results of other tools: recognised, without personal data, labelled as imported, checked."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.cli import app
from analysis.data.importers.recognise import import_results, recognise
from analysis.data.importers.rows import Options
from analysis.data.ratings import read_ratings
from intone.contracts.ratings import RATING_COLUMNS, Rating
from intone.errors import UserError
from mushra_app.interchange.webmushra.results import export_webmushra
from tests.analysis.data import foreign
from tests.mushra_app.answered import answered_study

PERSONAL = ("@mail.example", "Person ", "email", "UserName")


@pytest.fixture
def places(tmp_path):
    """One file per tool, with equal scores for equal systems."""
    mushra = [foreign.mushra_header(), *foreign.mushra_rows()]
    frame = pd.DataFrame(foreign.flat(foreign.pymushra()))
    frame.to_csv(tmp_path / "export.csv", sep=";")
    (tmp_path / "odaq.xml").write_text(foreign.netflix(1))
    return {
        "webmushra": [foreign.write(tmp_path / "mushra.csv", mushra)],
        "pymushra": [foreign.write_json(tmp_path / "webmushra.json", foreign.pymushra())],
        "pymushra records": [
            foreign.write_json(tmp_path / "records.json", foreign.flat(foreign.pymushra()))
        ],
        "pymushra csv": [tmp_path / "export.csv"],
        "beaqlejs": [
            foreign.write_json(tmp_path / f"{n}.txt", foreign.beaqle(n)) for n in range(3)
        ],
        "netflix": [tmp_path / "odaq.xml"],
    }


def _refusal(call, *args, **options):
    with pytest.raises(UserError) as refused:
        call(*args, **options)
    text = str(refused.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    "name",
    ["webmushra", "pymushra", "pymushra records", "pymushra csv", "beaqlejs", "netflix"],
)
def test_every_tool_is_recognised_and_leaves_the_person_behind(places, name):
    tool = name.split()[0]
    assert {recognise(file) for file in places[name]} == {tool}
    source, kind = import_results(places[name])
    assert kind == "ratings"
    assert list(source.frame.columns) == list(RATING_COLUMNS)
    for row in source.frame.to_dict("records"):
        Rating.model_validate(row)
    assert set(source.frame["origin"]) == {f"imported:{tool}"}
    assert source.frame["moved"].isna().all()
    assert source.frame["started_at"].isna().all()
    text = source.frame.to_csv()
    assert not [word for word in PERSONAL if word in text]
    named = [note for note in source.notes if note.startswith("Columns about the listeners")]
    assert len(named) == 1


def test_the_same_test_reads_the_same_from_four_files(places):
    wanted = [
        "listener",
        "utterance",
        "system",
        "role",
        "score",
        "rating_time_ms",
        "page_index",
        "stimulus_index",
    ]
    frames = {}
    for name in ("webmushra", "pymushra", "pymushra records", "pymushra csv"):
        frames[name] = import_results(places[name])[0].frame[wanted].astype(str)
    first = frames["webmushra"]
    assert len(first) == 4 * 3 * 5
    for frame in frames.values():
        pd.testing.assert_frame_equal(frame, first)
    person, page = 2, 1
    rows = first[(first["listener"] == foreign.UUIDS[person]) & (first["utterance"] == "s01")]
    assert rows["system"].tolist() == list(foreign.order(person, page))
    assert rows["stimulus_index"].tolist() == ["0", "1", "2", "3", "4"]
    assert dict(zip(first["system"], first["role"], strict=True)) == {
        "reference": "reference",
        "anchor35": "anchor_low",
        "anchor70": "anchor_mid",
        "sysA": "system",
        "sysB": "system",
    }


def test_columns_and_ids_are_kept_when_asked(places):
    kept = Options(keep_columns=("age",), listener_column="email", keep_ids=True)
    frame = import_results(places["webmushra"], options=kept)[0].frame
    assert frame["listener"].iloc[0] == "p0@mail.example"
    assert frame["age"].unique().tolist() == ["20", "21", "22", "23"]
    assert "email" not in frame.columns
    named = Options(listener_column="email")
    frame = import_results(places["webmushra"], options=named)[0].frame
    assert frame["listener"].unique().tolist() == [f"listener-0{n}" for n in (1, 2, 3, 4)]
    said = _refusal(import_results, places["webmushra"], options=Options(keep_columns=("shoe",)))
    assert said == "mushra.csv: no column 'shoe' to keep; choose among email, age"


def test_report_labels_imported_ratings_and_doubts(tmp_path):
    rows = foreign.mushra_rows(6, 4)
    untouched = f",{foreign.UUIDS[5]},s03,"
    rows = [
        ",".join([*row.split(",")[:6], "100", *row.split(",")[7:]]) if untouched in row else row
        for row in rows
    ]
    file = foreign.write(tmp_path / "mushra.csv", [foreign.mushra_header(), *rows])
    done = CliRunner().invoke(
        app, ["report", str(file), "--baseline", "sysB", "-o", str(tmp_path / "out")]
    )
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "out/report.json").read_text())
    assert found["origin"] == "imported:webmushra"
    words = " ".join(found["warnings"])
    assert "1 page of 24 hold only 100" in words
    assert "were left out: email, age" in words
    assert "never touched" not in words
    assert "@mail.example" not in (tmp_path / "out/report.html").read_text()
    assert {s["role"] for s in found["systems"]} >= {"reference", "anchor_low", "anchor_mid"}


def test_sliders_without_data_are_not_called_moved(tmp_path, places):
    out = tmp_path / "ratings.csv"
    import_results(places["webmushra"])[0].frame.to_csv(out, index=False)
    assert read_ratings(out).frame["moved"].isna().all()
    assert read_ratings(places["webmushra"][0]).frame["moved"].isna().all()


def test_the_command_writes_what_the_reader_reads(tmp_path, places):
    out = tmp_path / "ratings.csv"
    files = [str(file) for file in places["beaqlejs"]]
    arguments = ["ratings", "import", *files, "-o", str(out), "--reference", "Reference"]
    done = CliRunner().invoke(app, [*arguments, "--anchor-low", "low"])
    assert done.exit_code == 0, done.output
    assert "36 ratings by 3 listeners on 3 utterances, origin imported:beaqlejs" in done.output
    assert "Note: beaqleJS does not record the scale" in done.output
    found = read_ratings(out)
    assert found.origin == "imported:beaqlejs"
    assert (found.roles.reference, found.roles.anchor_low) == ("Reference", "low")
    assert _said(["ratings", "import", files[0], "-o", files[0]]).endswith("ends in .csv")
    mushra = str(places["webmushra"][0])
    assert "one of the files to import" in _said(["ratings", "import", mushra, "-o", mushra])
    assert "no system 'lo' (--anchor-low); it has Reference, low" in _said(
        [*arguments, "--anchor-low", "lo"]
    )


def _said(arguments):
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, UserError)
    return str(done.exception)


def test_files_given_twice_or_from_two_tools(places):
    twice = [*places["beaqlejs"], places["beaqlejs"][0]]
    source, _ = import_results(twice)
    assert len(source.frame) == 36
    assert "1 file named twice: read once." in source.notes
    said = _refusal(import_results, [*places["webmushra"], *places["netflix"]])
    assert said == "files of netflix and webmushra; import each tool by itself"


def test_our_own_export_comes_back(tmp_path):
    folder = tmp_path / "results"
    export_webmushra(answered_study(tmp_path), folder)
    frame = import_results([folder / "mushra.csv"])[0].frame
    # Ann's one page that counts, in the order on her screen.
    shown = ["quokkacontext", "reference", "anchor35", "zebrabaseline"]
    assert frame["system"].tolist() == shown
    assert frame["score"].tolist() == [5, 15, 25, 35]
    assert frame["stimulus_index"].tolist() == [0, 1, 2, 3]
    assert frame["role"].tolist() == ["system", "reference", "anchor_low", "system"]
    assert set(frame["utterance"]) == {"utt_alpha"}
    assert set(frame["rating_time_ms"]) == {61500}
    assert "why" not in frame.columns
    said = [word for word in frame.to_csv().split(",") if "well" in word]
    assert not said
    kept = import_results([folder / "mushra.csv"], options=Options(keep_columns=("why",)))[0]
    assert kept.frame["why"].iloc[0] == 'well, "no" & +1 %20'
    pairs, kind = import_results([folder / "paired_comparison.csv"])
    assert kind == "preferences"
    row = pairs.frame.iloc[0]
    assert (row["system_a"], row["system_b"], row["choice"]) == ("reference", "zebrabaseline", "a")


@pytest.mark.parametrize("name", ["webmushra", "pymushra", "pymushra csv", "beaqlejs", "netflix"])
def test_a_file_cut_off_anywhere_is_read_or_refused_in_one_sentence(places, name, tmp_path):
    whole = places[name][0].read_bytes()
    cut = tmp_path / f"cut{places[name][0].suffix}"
    refused = 0
    for n in range(1, 20):
        cut.write_bytes(whole[: n * len(whole) // 20])
        try:
            import_results([cut], name.split()[0])
        except UserError as error:
            refused += 1
            assert str(error).startswith(cut.name)
            assert "\n" not in str(error)
    # Lines of a table may end anywhere; a cut in a document always shows.
    assert refused == 19 or cut.suffix == ".csv"


def test_files_of_no_known_tool_are_refused(tmp_path, places):
    xml = tmp_path / "x.xml"
    xml.write_text("<html></html>")
    assert "XML of an unknown tool" in _refusal(read_ratings, xml)
    other = foreign.write_json(tmp_path / "o.json", {"a": [1]})
    assert "JSON of an unknown tool" in _refusal(read_ratings, other)
    cut = foreign.write(tmp_path / "c.json", ['{"a": [1'])
    assert "c.json, line 2: the JSON is cut off; export" in _refusal(read_ratings, cut)
    plain = foreign.write(tmp_path / "p.csv", ["listener,utterance,system,score", "a,b,c,1"])
    assert "not recognised as results of a tool" in _refusal(import_results, [plain])
    assert "no such file" in _refusal(import_results, [tmp_path / "none.csv"])
    assert "tool 'webmusra': not known" in _refusal(read_ratings, plain, "webmusra")
    assert "no header of webMUSHRA" in _refusal(read_ratings, plain, "webmushra")
    assert read_ratings(places["webmushra"][0], "webmushra").origin == "imported:webmushra"
