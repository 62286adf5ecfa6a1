"""Exported tables: complete, typed, documented, without withdrawn sittings."""

import csv
import json

import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from intone.contracts import Look, Preference, Rating, Session
from intone.errors import UserError
from mushra_app.cli import app
from mushra_app.interchange.dictionary import columns
from mushra_app.interchange.exports import export_table
from mushra_app.interchange.rows import Answer, Event, Remark
from mushra_app.interchange.tables import TABLES
from mushra_app.store.database import connect, database_url, transaction
from mushra_app.store.tables import PageRow, RatingRow, SittingRow
from mushra_app.study.file import read_study
from tests.mushra_app.answered import SECRET, answered_study

MODELS = {
    "ratings": Rating,
    "sessions": Session,
    "preferences": Preference,
    "looks": Look,
    "events": Event,
    "remarks": Remark,
    "answers": Answer,
}
MOMENT = "2026-05-01T09:00:00.000+00:00"
# Ann and Bob: two MUSHRA pages of four versions, two preferences, one event, one remark, two
# answers; every sitting made a look.
COUNTS = {
    "ratings": 16,
    "sessions": 2,
    "preferences": 4,
    "looks": 4,
    "events": 2,
    "remarks": 2,
    "answers": 4,
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return answered_study(tmp_path_factory.mktemp("answered"))


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", TABLES)
def test_three_forms_give_the_same_ratings(study, tmp_path, name):
    for suffix in ("csv", "parquet", "json"):
        assert export_table(study, tmp_path / f"t.{suffix}", name) == COUNTS[name]
    records = json.loads((tmp_path / "t.json").read_text())
    for record in records:
        MODELS[name].model_validate(record)
    assert parquet.read_table(tmp_path / "t.parquet").to_pylist() == records
    rows = read_csv(tmp_path / "t.csv")
    assert [list(row) for row in rows] == [list(MODELS[name].model_fields)] * len(records)
    texts = [{k: "" if v is None else str(v) for k, v in r.items()} for r in records]
    assert rows == texts


@pytest.mark.parametrize("name", TABLES)
def test_withdrawn_listeners_and_previews_are_not_exported(study, tmp_path, name):
    out = tmp_path / "t.csv"
    export_table(study, out, name)
    text = out.read_text()
    assert SECRET not in text
    assert not {"cid", "eve"} & {row.get("session") for row in read_csv(out)}


def test_words_stay_as_they_were_written(study, tmp_path):
    export_table(study, tmp_path / "remarks.csv", "remarks")
    words = 'well, "no" & +1 %20'
    assert {row["text"] for row in read_csv(tmp_path / "remarks.csv")} == {words}
    export_table(study, tmp_path / "answers.csv", "answers")
    answers = read_csv(tmp_path / "answers.csv")
    assert [(r["name"], r["answer"]) for r in answers[:2]] == [("native", "true"), ("why", words)]
    assert "unfinished" not in {r["answer"] for r in answers}


def test_rows_come_in_the_order_of_sitting_page_and_screen(study, tmp_path):
    export_table(study, tmp_path / "ratings.csv")
    rows = read_csv(tmp_path / "ratings.csv")
    order = [(r["session"], int(r["page_index"]), int(r["stimulus_index"])) for r in rows]
    assert order == sorted(order)
    assert len(set(order)) == len(order)


def test_an_empty_parquet_has_its_types(study, tmp_path):
    engine = connect(database_url(read_study(study), study))
    engine.dispose()
    empty = tmp_path / "empty.yaml"
    empty.write_text(study.read_text().replace("name: synthetic-study", "name: empty"))
    connect(database_url(read_study(empty), empty)).dispose()
    assert export_table(empty, tmp_path / "t.parquet") == 0
    types = {f.name: str(f.type) for f in parquet.read_schema(tmp_path / "t.parquet")}
    assert types["score"] == "double"
    assert types["page_index"] == "int64"
    assert types["moved"] == "bool"
    assert types["started_at"] == "string"


def test_the_dictionary_explains_every_column(tmp_path):
    found = columns()
    assert {(c.table, c.column) for c in found} == {
        (name, field) for name, model in MODELS.items() for field in model.model_fields
    }
    assert not [c for c in found if not c.meaning]
    by_name = {(c.table, c.column): c for c in found}
    assert by_name["ratings", "heard_ms"].unit == "ms"
    assert by_name["ratings", "heard_ms"].empty
    assert by_name["ratings", "score"].type == "number"
    assert by_name["ratings", "origin"].values == "human, simulated, imported:TOOL"
    assert by_name["sessions", "started_at"].unit == "UTC, ISO 8601"
    for suffix in ("md", "csv", "json"):
        out = tmp_path / f"dictionary.{suffix}"
        done = CliRunner().invoke(app, ["study", "export", "none", "--dictionary", str(out)])
        assert done.exit_code == 0, done.output
        text = out.read_text()
        assert all(c.meaning in text or '""' in text for c in found)
    assert len(read_csv(tmp_path / "dictionary.csv")) == len(found)


@pytest.mark.parametrize(
    ("out", "table", "said"),
    [
        ("t.xlsx", "ratings", "use one of .csv, .parquet, .json"),
        ("t.csv", "rating", "choose one of ratings, sessions"),
    ],
)
def test_refusals(study, tmp_path, out, table, said):
    with pytest.raises(UserError, match=said):
        export_table(study, tmp_path / out, table)
    assert not list(tmp_path.iterdir())


def test_large_tables_are_read_in_parts(tmp_path):
    study = answered_study(tmp_path)
    engine = connect(database_url(read_study(study), study))
    with transaction(engine) as session:
        row = session.query(SittingRow).filter_by(pseudonym="ann").one()
        pages = [
            PageRow(
                session_id=row.id,
                page_index=index,
                kind="mushra",
                phase="test",
                step=1,
                repeat=0,
                sentence="utt_beta",
                slots="[]",
                scale_min=0,
                scale_max=100,
                opened_at=MOMENT,
                submitted_at=MOMENT,
            )
            for index in range(100, 1300)
        ]
        session.add_all(pages)
        session.flush()
        session.add_all(
            RatingRow(
                page_id=page.id,
                slot=slot,
                system=f"x{slot}",
                role="system",
                score=slot,
                n_plays=1,
                heard_ms=1,
                rating_time_ms=1,
                seq=1,
                updated_at=MOMENT,
            )
            for page in pages
            for slot in range(5)
        )
    engine.dispose()
    out = tmp_path / "ratings.parquet"
    # More rows than one batch of the database.
    assert export_table(study, out) == 16 + 6000
    assert parquet.read_table(out).num_rows == 6016


def test_results_in_webmushras_form(tmp_path):
    study = answered_study(tmp_path)
    folder = tmp_path / "results"
    done = CliRunner().invoke(
        app, ["study", "export", str(study), "-o", str(folder), "--format", "webmushra"]
    )
    assert done.exit_code == 0, done.output
    assert "Left out: 8 training ratings" in done.output
    with (folder / "mushra.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == [
        "session_test_id",
        "native",
        "why",
        "session_uuid",
        "trial_id",
        "rating_stimulus",
        "rating_score",
        "rating_time",
        "rating_comment",
    ]
    shown = ["quokkacontext", "reference", "anchor35", "zebrabaseline"]
    name = read_study(study).name
    assert rows[1:] == [
        [
            name,
            "true",
            'well, "no" & +1 %20',
            "ann",
            "utt_alpha",
            label,
            str(10 * i + 5),
            "61500",
            "",
        ]
        for i, label in enumerate(shown)
    ]
    with (folder / "paired_comparison.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["choice_non_reference"] == "zebrabaseline"
    assert row["choice_answer"] == "correct"
    assert "Left out: 6 ratings of sittings that were not completed" in done.output
    assert "1 preferences between two systems" in done.output
    assert not (folder / "lss.csv").exists()


def test_a_system_with_a_reserved_name_is_refused(tmp_path):
    study = answered_study(tmp_path)
    study.write_text(study.read_text().replace("zebrabaseline", "anchor35"))
    done = CliRunner().invoke(
        app, ["study", "export", str(study), "-o", str(tmp_path / "r"), "--format", "webmushra"]
    )
    assert "'anchor35'" in str(done.exception)


def test_simulated_ratings_are_never_exported_without_a_label(tmp_path):
    study = answered_study(tmp_path)
    asked = ["study", "export", str(study), "-o", str(tmp_path / "r"), "--format", "webmushra"]
    done = CliRunner().invoke(app, [*asked, "--rehearsal"])
    assert "cannot mark simulated ratings" in str(done.exception)
    assert not (tmp_path / "r").exists()
