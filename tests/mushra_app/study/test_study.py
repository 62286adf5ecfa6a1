"""Study file: round trip, comments, errors with file, line and key."""

import socket
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from intone.errors import UserError
from mushra_app.cli import app
from mushra_app.study.file import Anchors, Consent, Study, read_study, write_study
from mushra_app.study.steps import Arm, Gold, Question, Recruiting, Step


def test_a_written_study_reads_back_the_same_and_explains_every_key(study, tmp_path):
    read = read_study(study)
    copy = tmp_path / "copy.yaml"
    write_study(read, copy)
    assert read_study(copy) == read
    lines = copy.read_text().splitlines()
    for key in type(read).model_fields:
        at = next(i for i, line in enumerate(lines) if line.startswith(f"{key}:"))
        assert lines[at - 1].startswith("# "), key


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed: 1", "seed: many", "seed"),
        ("seed: 1", "sed: 1", "sed"),
        ("  low: true", "  low: perhaps", "anchors.low"),
        ("pages_per_listener: 2", "pages_per_listener: 9", "pages_per_listener"),
        ("seed: 1", "seed: [1", "YAML"),
    ],
)
def test_errors_name_file_line_and_key(study, tmp_path, old, new, said):
    text = study.read_text()
    line = next(i for i, found in enumerate(text.splitlines(), 1) if found == old)
    broken = tmp_path / "broken.yaml"
    broken.write_text(text.replace(old + "\n", new + "\n"))
    with pytest.raises(UserError) as error:
        read_study(broken)
    assert "broken.yaml" in str(error.value)
    assert said in str(error.value)
    if said != "YAML":
        assert f"line {line}" in str(error.value)


@pytest.mark.parametrize("key", ["systems", "sentences"])
def test_names_fit_into_every_database(study, key):
    values = read_study(study).model_dump()
    Study.model_validate({**values, key: ["x" * 200], "pages_per_listener": 1})
    with pytest.raises(ValidationError, match="200"):
        Study.model_validate({**values, key: ["x" * 201], "pages_per_listener": 1})


def test_other_encoding_is_rejected_with_line_number(study, tmp_path):
    lines = study.read_text().splitlines()
    line = next(i for i, found in enumerate(lines, 1) if found.startswith("title:"))
    broken = tmp_path / "latin.yaml"
    text = study.read_text().replace("How natural does this", "Comment trouvez-vous l'écoute")
    broken.write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=rf"latin\.yaml, line {line}: not UTF-8"):
        read_study(broken)


def test_address_is_printed_only_if_the_port_is_free(study):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = CliRunner().invoke(app, ["serve", str(study), "--port", str(port)])
    assert isinstance(result.exception, UserError)
    assert "choose another" in str(result.exception)
    assert "Listening test" not in result.output


def test_an_existing_study_is_never_overwritten(study):
    from mushra_app.design.new import new_study

    before = study.read_bytes()
    with pytest.raises(UserError, match="already exists"):
        new_study(study.parent / "stimuli", study)
    assert study.read_bytes() == before


def test_study_in_a_linked_folder_finds_its_stimuli(study, tmp_path):
    from mushra_app.design.new import new_study

    folder = tmp_path / "deep" / "folder"
    folder.mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to(folder)
    stimuli = study.parent / "stimuli"
    written = read_study(new_study(stimuli, link / "study.yaml"))
    assert (folder / written.stimuli).resolve() == stimuli.resolve()


@pytest.mark.parametrize(
    "model",
    [Study, Anchors, Consent, Arm, Recruiting, Question, Gold, *get_args(get_args(Step)[0])],
)
def test_the_documentation_has_every_key_with_its_meaning(model):
    documentation = (Path(__file__).parents[3] / "docs" / "study.md").read_text()
    for key, field in model.model_fields.items():
        if key != "type" or model is Question:
            assert f"| `{key}` | {field.description}" in documentation, key
