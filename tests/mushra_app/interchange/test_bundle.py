"""Bundles with their registration, and backups of a running database."""

import hashlib
import json
import sqlite3
import threading
import zipfile
from contextlib import closing

import pytest
import yaml
from typer.testing import CliRunner

from intone.errors import UserError
from mushra_app.cli import app
from mushra_app.interchange.analysis_plan import (
    Plan,
    digest,
    plan_path,
    preregister,
    read_plan,
    registrations_path,
    write_template,
)
from mushra_app.interchange.backup import backup
from mushra_app.interchange.bundle import bundle
from mushra_app.store.database import connect, database_url
from mushra_app.study.file import read_study, write_study
from mushra_app.study.steps import TrialsStep
from tests.mushra_app.answered import SECRET, answered_study, sitting
from tests.mushra_app.support import make_study, replace_stimulus, speech_like


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return answered_study(tmp_path_factory.mktemp("answered"))


@pytest.fixture
def fresh(tmp_path):
    path = make_study(tmp_path)
    write_template(path)
    return path


def content(path, name):
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


def about(path):
    return json.loads(content(path, "bundle.json"))


def test_a_bundle_has_everything_and_its_sums_are_right(study, tmp_path):
    out = tmp_path / "study.zip"
    bundle(study, out, audio=True)
    with zipfile.ZipFile(out) as archive:
        names = archive.namelist()
        assert names == sorted(names)
        sums = dict(
            line.split("  ")[::-1] for line in archive.read("SHA256SUMS").decode().split("\n")[:-1]
        )
        assert set(sums) == set(names) - {"SHA256SUMS"}
        for name, expected in sums.items():
            assert hashlib.sha256(archive.read(name)).hexdigest() == expected
        manifest = json.loads(archive.read("manifest.json"))
        for item in manifest["items"]:
            assert sums[f"audio/{item['path']}"] == item["sha256"]
        assert all(SECRET.encode() not in archive.read(name) for name in names)
    tables = {"ratings", "sessions", "preferences", "looks", "events", "remarks", "answers"}
    assert {f"data/{name}.csv" for name in (*tables, "dictionary")} <= set(names)
    assert about(out)["rows"]["ratings"] == 16
    assert "There is no analysis plan." in content(out, "README.md").decode()


def test_the_same_study_makes_the_same_bytes(study, tmp_path):
    for name in ("one.zip", "two.zip"):
        bundle(study, tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with pytest.raises(UserError, match="already exists"):
        bundle(study, tmp_path / "one.zip")


def test_tables_can_stay_out(study, tmp_path):
    out = tmp_path / "study.zip"
    bundle(study, out, leave_out=["remarks", "answers", "events"])
    with zipfile.ZipFile(out) as archive:
        names = archive.namelist()
    assert "data/remarks.csv" not in names
    assert "data/ratings.csv" in names
    assert "Left out: answers, events, remarks." in content(out, "README.md").decode()
    with pytest.raises(UserError, match="--leave-out words"):
        bundle(study, tmp_path / "other.zip", leave_out=["words"])


@pytest.mark.filterwarnings("ignore:Query string argument")
def test_no_password_of_a_database_is_published(study, tmp_path):
    own = study.with_name("elsewhere.yaml")
    url = f"sqlite:///{study.with_suffix('.sqlite')}?secret=hunter2"
    write_study(read_study(study).model_copy(update={"database": url}), own)
    bundle(own, tmp_path / "study.zip")
    with zipfile.ZipFile(tmp_path / "study.zip") as archive:
        assert all(b"hunter2" not in archive.read(name) for name in archive.namelist())
        assert yaml.safe_load(archive.read("study.yaml"))["database"] is None


def test_a_plan_registered_before_the_first_rating(fresh, tmp_path):
    made, new = preregister(fresh)
    assert new
    assert made.sittings_before == 0
    assert preregister(fresh) == (made, False)
    assert not fresh.with_suffix(".sqlite").exists()
    engine = connect(database_url(read_study(fresh), fresh))
    sitting(engine, fresh, "ann", 0, "completed")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE page SET opened_at = '2999-01-01T00:00:00.000+00:00'")
    out = tmp_path / "study.zip"
    bundle(fresh, out)
    assert about(out)["registration"]["before_data"]
    # What the digest is of is in the bundle: anybody can compute it.
    assert hashlib.sha256(content(out, "registered.json")).hexdigest() == made.sha256
    assert made.sha256 in content(out, "preregistration.json").decode()
    assert "--baseline zebrabaseline --reference groundtruthvoice" in (
        content(out, "README.md").decode()
    )
    engine.dispose()


def test_a_plan_registered_afterwards_is_no_preregistration(study, tmp_path):
    plan = tmp_path / "plan.yaml"
    write_template(study, plan)
    done = CliRunner().invoke(app, ["study", "preregister", str(study), "--plan", str(plan)])
    assert done.exit_code == 0, done.output
    # The count includes the listener who withdrew.
    assert "3 sittings had started" in done.output
    bundle(study, tmp_path / "late.zip", plan_file=plan)
    found = about(tmp_path / "late.zip")["registration"]
    assert not found["before_data"]
    assert "after the first rating" in found["said"]
    plan.write_text(plan.read_text().replace("alpha: 0.05", "alpha: 0.1"))
    bundle(study, tmp_path / "changed.zip", plan_file=plan)
    found = about(tmp_path / "changed.zip")["registration"]
    assert "was not registered" in found["said"]
    registrations_path(study).unlink()


def test_the_digest_sees_study_sounds_and_plan_and_not_the_database(fresh):
    from intone.contracts import StimulusSet

    read = read_study(fresh)
    stimuli = StimulusSet.read(fresh.parent / read.stimuli)
    plan = read_plan(plan_path(fresh), read)
    same = digest(read, stimuli, plan)
    assert digest(read.model_copy(update={"database": "postgresql://x"}), stimuli, plan) == same
    assert digest(read.model_copy(update={"seed": 2}), stimuli, plan) != same
    assert digest(read, stimuli, plan.model_copy(update={"screening": "none"})) != same
    folder = fresh.parent / read.stimuli
    replace_stimulus(folder, folder / stimuli.stimuli[0].path, speech_like(99, 1.2))
    assert digest(read, StimulusSet.read(folder), plan) != same


def test_registrations_are_only_ever_added_to(fresh):
    first, _ = preregister(fresh)
    plan = plan_path(fresh)
    plan.write_text(plan.read_text().replace("listeners: null", "listeners: 30"))
    second, new = preregister(fresh)
    assert new
    kept = json.loads(registrations_path(fresh).read_text())["registrations"]
    assert [r["sha256"] for r in kept] == [first.sha256, second.sha256]
    assert kept[1]["plan"]["listeners"] == 30


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("alpha: 0.05", "alpha: 5", "alpha"),
        ("alpha: 0.05", "alfa: 0.05", "alfa"),
        ("baseline: zebrabaseline", "baseline: absent", "no system 'absent'"),
        ("alpha: 0.05", "alpha: [", "not valid YAML"),
    ],
)
def test_a_wrong_plan_is_refused(fresh, old, new, said):
    plan = plan_path(fresh)
    plan.write_text(plan.read_text().replace(old, new))
    with pytest.raises(UserError, match=said):
        preregister(fresh)
    plan.unlink()
    with pytest.raises(UserError, match="plan-template"):
        preregister(fresh)


def test_command_of_a_plan_has_all_of_its_options_and_only_those_of_the_report():
    from analysis.cli import report

    plan = Plan.model_validate(
        {
            "baseline": "my b",
            "reference": "r",
            "screening": "mpeg",
            "alpha": 0.01,
            "listeners": 40,
            "repeats": "mean",
        }
    )
    command = plan.command("data/ratings.csv")
    assert command == (
        "intone report data/ratings.csv --baseline 'my b' --reference r --contrasts vs-baseline "
        "--screening mpeg --repeats mean --alpha 0.01 --planned-listeners 40 -o report"
    )
    options = {word[2:].replace("-", "_") for word in command.split() if word.startswith("--")}
    assert options <= set(report.__annotations__)


@pytest.mark.parametrize(
    ("pages", "tables"),
    [
        (["mushra"], ["ratings"]),
        (["ab"], ["preferences"]),
        (["ab", "acr"], ["ratings", "preferences"]),
    ],
)
def test_readme_has_the_planned_command_for_scores_and_for_choices(tmp_path, pages, tables):
    study = make_study(tmp_path, sitting=[TrialsStep(page=page) for page in pages])
    write_template(study)
    connect(database_url(read_study(study), study)).dispose()
    bundle(study, tmp_path / "study.zip")
    readme = content(tmp_path / "study.zip", "README.md").decode()
    plan = read_plan(plan_path(study), read_study(study))
    commands = {
        "ratings": plan.command("data/ratings.csv"),
        "preferences": "intone report data/preferences.csv -o report",
    }
    printed = [line.strip() for line in readme.splitlines() if line.startswith("    intone")]
    assert printed == [commands[table] for table in tables]


def test_backup_during_writes_is_whole(tmp_path):
    study = answered_study(tmp_path)
    source = study.with_suffix(".sqlite")
    over, errors = threading.Event(), []

    def write() -> None:
        with closing(sqlite3.connect(source, timeout=30)) as connection:
            number = 0
            while not over.is_set():
                try:
                    with connection:
                        # Two rows that belong together: a copy has both or none.
                        for half in ("a", "b"):
                            connection.execute(
                                "INSERT INTO look (study_id, looked_at, n_listeners, n_ratings, "
                                "by) VALUES (1, ?, 0, 0, ?)",
                                (f"{number}", half),
                            )
                    number += 1
                except sqlite3.Error as error:
                    errors.append(error)
                    return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            backup(study, tmp_path / f"copy{number}.sqlite")
    finally:
        over.set()
        writer.join()
    assert not errors
    for number in range(5):
        with closing(sqlite3.connect(tmp_path / f"copy{number}.sqlite")) as copy:
            halves = dict(copy.execute("SELECT by, COUNT(*) FROM look GROUP BY by").fetchall())
            assert halves.get("a") == halves.get("b")
            ratings = copy.execute("SELECT COUNT(*) FROM ratings_v1").fetchone()
            assert ratings == (16,)
    left = {p.name for p in tmp_path.glob("copy*")}
    assert left == {f"copy{n}.sqlite" for n in range(5)}
    with pytest.raises(UserError, match="never replaces"):
        backup(study, tmp_path / "copy0.sqlite")


def test_a_backup_of_postgresql_names_its_tool_and_no_password(fresh, tmp_path):
    url = "postgresql+psycopg://me:hunter2@host/base"
    write_study(read_study(fresh).model_copy(update={"database": url}), fresh)
    with pytest.raises(UserError, match="pg_dump --format=custom") as error:
        backup(fresh, tmp_path / "copy.dump")
    assert "hunter2" not in str(error.value)
    assert str(error.value).endswith("base`")
