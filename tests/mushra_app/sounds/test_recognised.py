"""Recogniser: a file with another text than its own is a finding."""

from pathlib import Path

import pytest

from intone import assets
from mushra_app.compliance.check import check_study
from mushra_app.sounds.preflight import Preflight, preflight
from mushra_app.sounds.recognised import Recogniser, plain_words
from mushra_app.study.file import LOW, read_study
from tests.mushra_app.clean_study import SENTENCES, SYSTEMS, TEXT, clean_study, plant
from tests.mushra_app.support import speech_like


@pytest.fixture
def clean(tmp_path) -> Path:
    return clean_study(tmp_path)


def found(study: Path, recogniser: Recogniser) -> Preflight:
    return preflight(read_study(study), study, recogniser)


def spoken(heard):
    """A recogniser that hears, by file, what a dictionary says."""
    return Recogniser("dictionary", lambda path: heard.get(path.stem, TEXT))


def test_file_with_another_text_is_named(clean):
    seen = found(clean, spoken({"context-s3": "The goat went away in the morning."}))
    (finding,) = seen.findings
    assert (finding.check, finding.system, finding.sentence) == ("text", "context", "s3")
    assert "4 of 7 words wrong" in finding.said
    rates = {(f.system, f.sentence): f.word_error_rate for f in seen.files}
    assert rates["context", "s3"] == pytest.approx(4 / 7, abs=1e-4)
    assert rates["plain", "s3"] == 0
    assert rates[LOW, "s3"] is None


def test_one_misheard_word_is_no_warning(clean):
    assert found(clean, spoken({"context-s3": TEXT.replace("boat", "goat")})).findings == []


def test_files_are_recognised_once(clean):
    heard = []

    def transcribe(path):
        heard.append(path.name)
        return TEXT

    def recogniser(language):
        assert language == "en"
        return Recogniser("counting", transcribe)

    first = check_study(clean, recogniser)
    assert len(heard) == len(SENTENCES) * len(SYSTEMS)
    plant(clean, "s3", "context", speech_like(77, 1.2))
    check_study(clean, recogniser)
    assert heard[len(SENTENCES) * len(SYSTEMS) :] == ["context-s3.wav"]
    assert first.sounds.recogniser == "counting"


def test_words_are_compared_without_case_and_punctuation():
    assert plain_words("“Don’t go,” she said -- twice!") == ["don't", "go", "she", "said", "twice"]


@pytest.mark.skipif(not assets.available("whisper-base"), reason="`intone assets whisper-base`")
def test_installed_recogniser_normalises_words():
    from intone.command.handover import find_recogniser as find

    recogniser = find("en-GB")
    assert recogniser
    assert recogniser.words("Dr. Ray has 42.") == ["doctor", "ray", "has", "forty", "two"]
    assert find("de") is None
