"""The two documents in which the rooms meet."""

import json
from pathlib import Path

import pytest

from intone.contracts import Look, Preference, Rating, Session, Source, Stimulus, StimulusSet
from intone.errors import UserError
from intone.resources import data_path

SET = {
    "version": 1,
    "name": "tiny",
    "voice": "none",
    "licence": "CC0-1.0",
    "created_by": "a test",
    "stimuli": [
        {
            "sentence": "s1",
            "text": "Hello.",
            "system": "a",
            "role": "system",
            "path": "a/s1.wav",
            "sha256": "0" * 64,
            "seconds": 1.0,
            "sample_rate": 22050,
            "loudness_lufs": -23.0,
            "source": {"kind": "import"},
        }
    ],
}


def written(folder: Path, **changes: object) -> Path:
    audio = folder / "a"
    audio.mkdir()
    (audio / "s1.wav").write_bytes(b"sound")
    import hashlib

    one = {**SET["stimuli"][0], "sha256": hashlib.sha256(b"sound").hexdigest()}
    (folder / "stimuli.json").write_text(json.dumps({**SET, "stimuli": [one], **changes}))
    return folder


def test_round_trip(tmp_path):
    found = StimulusSet.read(written(tmp_path))
    again = tmp_path / "again"
    again.mkdir()
    found.write(again)
    assert StimulusSet.read(again, verify=False) == found


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "version"),
        ({"stimuli": []}, "stimuli"),
        ({"colour": "red"}, "colour"),
        (
            {"stimuli": [{**SET["stimuli"][0], "path": "../outside.wav"}]},
            "leaves the stimulus folder",
        ),
        ({"stimuli": SET["stimuli"] * 2}, "twice"),
        (
            {
                "stimuli": [
                    SET["stimuli"][0],
                    {**SET["stimuli"][0], "system": "b", "text": "Other."},
                ]
            },
            "two texts",
        ),
    ],
)
def test_a_broken_set_is_refused_with_its_place(tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        StimulusSet.read(written(tmp_path, **changes))


def test_changed_or_missing_audio_is_refused(tmp_path):
    folder = written(tmp_path)
    (folder / "a" / "s1.wav").write_bytes(b"other")
    with pytest.raises(UserError, match="changed since"):
        StimulusSet.read(folder)
    (folder / "a" / "s1.wav").unlink()
    with pytest.raises(UserError, match="missing"):
        StimulusSet.read(folder)
    with pytest.raises(UserError, match="no such file; make a set with"):
        StimulusSet.read(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("stimuli-1.schema.json", StimulusSet),
        ("rating-1.schema.json", Rating),
    ],
)
def test_published_schemas_are_those_of_the_code(name, model):
    published = json.loads(data_path("schemas", name).read_text("utf-8"))
    assert published == model.model_json_schema()


def test_origin_has_three_forms():
    field = Rating.model_json_schema()["properties"]["origin"]
    assert "human" in json.dumps(field)
    assert "simulated" in json.dumps(field)
    assert "imported:" in json.dumps(field)


def test_only_an_imported_rating_may_lack_what_other_tools_do_not_record():
    row = dict.fromkeys(Rating.model_fields, "x") | {
        "role": "system",
        "score": 7,
        "scale_min": 0,
        "scale_max": 10,
        "phase": "test",
        "repeat": 0,
        "page_index": None,
        "stimulus_index": None,
        "started_at": None,
        "rating_time_ms": None,
        "n_plays": None,
        "heard_ms": None,
        "moved": None,
    }
    assert Rating(**row | {"origin": "imported:webmushra"}).moved is None
    with pytest.raises(ValueError, match="page_index is empty"):
        Rating(**row | {"origin": "human"})


@pytest.mark.parametrize("model", [Stimulus, Source, Rating, Preference, Session, Look])
def test_the_page_on_the_contracts_names_every_field(model):
    page = (Path(__file__).parents[2] / "docs" / "contracts.md").read_text("utf-8")
    assert not [name for name in model.model_fields if f"| `{name}` |" not in page]
