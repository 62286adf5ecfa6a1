"""Documents are read with the line of every error."""

import json
import time

import pytest
from pydantic import Field, model_validator

from intone.documents import Closed, load, read
from intone.errors import UserError


class Inner(Closed):
    type: str = "inner"
    rate: float = Field(1.0, gt=0)


class Outer(Closed):
    name: str
    steps: dict[int, Inner] = Field(default_factory=dict)
    parts: list[Inner] = Field(default_factory=list)

    @model_validator(mode="after")
    def _named(self):
        if self.name == "none":
            raise ValueError("name: not a name")
        if self.name == "odd":
            raise ValueError("odd things happen")
        return self


def _refusal(path, text, **options):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError) as error:
        read(path, Outer, **options)
    return str(error.value).replace(str(path), path.name)


YAML = (
    "# a study\nname: x\nsteps:\n  1: {rate: 2}\n  2:\n    rate: RATE\nparts:\n- rate: 1\n- LAST\n"
)


@pytest.mark.parametrize(
    ("rate", "last", "message"),
    [
        ("-1", "rate: 1", "line 6: steps.2.rate: Input should be greater than 0 (got -1)"),
        ("1", "speed: 1", "line 9: parts.1.speed: unknown key"),
        ("1", "rate: fast", "line 9: parts.1.rate: Input should be a valid number"),
    ],
)
def test_yaml_errors_name_file_line_and_key(tmp_path, rate, last, message):
    text = YAML.replace("RATE", rate).replace("LAST", last)
    refusal = _refusal(tmp_path / "a.yaml", text, advice="correct that line")
    assert refusal.startswith(f"a.yaml, {message}")
    assert refusal.endswith("; correct that line")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\t"name":"x",\n\t"parts":[{"rate":1},\n{"rate"\n:-1}]}', "line 3: parts.1.rate: "),
        ('{"name": "a\\"}\\n",\n"steps": {"1": {},\n "2": {"x": 1}}}', "line 3: steps.2.x: unkn"),
        ('{"parts": [],\n"steps": {}}', "line 1: name: this key is missing"),
        ('{"name": "x",\n"parts": [\n{}, {},\n  7]}', "line 4: parts.2: Input should be"),
        ('\n\n{"name": "none"}', "line 3: name: not a name; "),
        ('{"name": "odd"}', "line 1: odd things happen; "),
        ('{"name": "x"\n"parts": []}', "line 2: not valid JSON (Expecting ',' delimiter); "),
        ('{"name": "ok",\n\n"x": "é"}'.encode("latin-1"), "line 3: not UTF-8; "),
    ],
)
def test_json_errors_name_file_line_and_key(tmp_path, text, message):
    refusal = _refusal(tmp_path / "a.json", text)
    assert refusal.startswith(f"a.json, {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\nparts: [\n", "a.yaml, line 3: not valid YAML ("),
        ("name: x\nparts: \x00\n", "a.yaml, line 2: not valid YAML ("),
        ("name: x\nparts: []\nname: y\n", "a.yaml, line 3: name: this key is there twice; "),
        ("name: x\nparts:\n- {rate: 1,\n   rate: 2}\n", "a.yaml, line 4: rate: this key is th"),
        ("", "a.yaml, line 1: name: this key is missing; "),
        ("- 1\n", "a.yaml: not a mapping of keys to values; "),
        ("name: x\nparts: 2026-13-40\n", "a.yaml: not valid YAML ("),
        ("&a [*a]\n", "a.yaml: not a mapping of keys to values; "),
    ],
)
def test_malformed_yaml_is_rejected_with_line(tmp_path, text, message):
    assert _refusal(tmp_path / "a.yaml", text).startswith(message)


def test_tag_of_a_union_is_no_key_of_the_document(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("parts:\n- type: rate\n  rate: 1\n")
    assert load(path).existing(("parts", 0, "rate", "rate")) == ["parts", 0, "rate"]
    assert load(path).where(("parts", 0, "rate", "rate")) == f"{path}, line 3"


def test_merged_yaml_mapping_keeps_the_line_of_its_own_key(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("one: &one\n  rate: 1\ntwo:\n  <<: *one\n  rate: 2\n")
    assert load(path).values["two"] == {"rate": 2}
    assert load(path).where(("two", "rate")) == f"{path}, line 5"


def test_missing_file_and_folder_are_rejected_with_advice(tmp_path):
    with pytest.raises(UserError, match=r"none\.json: no such file; make one"):
        read(tmp_path / "none.json", Outer, "correct it", if_missing="make one")
    with pytest.raises(UserError, match="Is a directory; correct it"):
        read(tmp_path, Outer, "correct it")


def test_large_json_is_read_and_located_quickly(tmp_path):
    path = tmp_path / "large.json"
    parts = [{"type": "inner", "rate": float(i + 1)} for i in range(10_000)]
    path.write_text(json.dumps({"name": "x", "parts": parts}, indent=1))
    start = time.process_time()
    assert len(read(path, Outer).parts) == 10_000
    assert time.process_time() - start < 2
    parts[-1]["rate"] = 0.0
    start = time.process_time()
    refusal = _refusal(path, json.dumps({"name": "x", "parts": parts}, indent=1))
    assert refusal.startswith("large.json, line 40002: parts.9999.rate: Input should be greater")
    assert time.process_time() - start < 2
