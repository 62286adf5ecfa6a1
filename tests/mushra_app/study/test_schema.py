"""JSON schema of study files."""

import json

import pytest
import yaml
from typer.testing import CliRunner

from intone.resources import data_path
from mushra_app.cli import app
from mushra_app.study.file import SCHEMA_NAME, schema_text
from tests.mushra_app.support import make_study


def test_the_published_schema_is_that_of_the_code():
    published = data_path("schemas", SCHEMA_NAME).read_text("utf-8")
    assert published == schema_text(), f"intone study schema > data/schemas/{SCHEMA_NAME}"
    assert CliRunner().invoke(app, ["study", "schema"]).stdout == published


def test_a_new_study_points_its_editor_at_a_schema_that_fits_it(tmp_path):
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    path = make_study(tmp_path)
    first = path.read_text("utf-8").splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    schema = json.loads((tmp_path / first.partition("=")[2]).read_text("utf-8"))
    study = yaml.safe_load(path.read_text("utf-8"))
    check = jsonschema.Draft202012Validator(schema)
    assert list(check.iter_errors(study)) == []
    for wrong in ({"colour": "red"}, {"seed": "one"}, {"sitting": [{"type": "song"}]}):
        assert list(check.iter_errors(study | wrong)) != []


def test_every_key_has_a_description():
    keys = json.loads(schema_text())["properties"]
    assert [name for name, key in keys.items() if not key.get("description")] == []
