"""Selection of recordings, and settings that make another preparation."""

from dataclasses import replace
from pathlib import Path

import pytest

from intone.errors import UserError
from tts_core.config import preset
from tts_core.corpus.prepare import prepare
from tts_core.corpus.settings import Settings, of_speaker
from tts_core.types import Recording


def of(speaker: str, number: int) -> Recording:
    return Recording(f"{speaker}{number}", f"{number}", "Yes.", "absent", speaker, seconds=1800.0)


TWO = [of("anna", 1), of("anna", 2), of("anna", 3), of("bert", 1)]


def test_a_corpus_of_several_speakers_is_not_mixed_unasked():
    with pytest.raises(UserError, match=r"2 speakers \(anna 1\.50 h, bert 0\.50 h\).*--speaker"):
        of_speaker(TWO, None)
    assert of_speaker(TWO, "bert") == TWO[3:]
    assert of_speaker(TWO, "all") == TWO
    assert of_speaker(TWO[:3], None) == TWO[:3]
    with pytest.raises(UserError, match=r"--speaker carl: no such speaker.*anna 1\.50 h"):
        of_speaker(TWO, "carl")


def test_of_very_many_speakers_those_with_most_hours_are_listed():
    many = [of(f"speaker{n:03d}", n) for n in range(100)] + [of("speaker050", 200)]
    with pytest.raises(UserError, match=r"\(speaker050 1\.00 h, speaker000 .* and 88 more\)"):
        of_speaker(many, None)


def test_everything_that_decides_the_result_is_described(tmp_path: Path):
    lexicon, ctm, grids = tmp_path / "lexicon", tmp_path / "a.ctm", tmp_path / "grids"
    lexicon.write_text("intone IH2 N T OW1 N\n")
    ctm.write_text("a 1 0.0 0.1 AH\n")
    trees = tmp_path / "trees"
    trees.write_text("(S (NN one))")
    grids.mkdir()
    (grids / "a.TextGrid").write_text("one")
    base = Settings()
    changes = [
        replace(base, **change)
        for change in (
            {"features": preset("paper24k")},
            {"aligner": "pocketsphinx"},
            {"aligner": str(ctm)},
            {"aligner": str(grids)},
            {"speaker": "all"},
            {"lexicon": lexicon},
            {"seed": 1},
            {"parser": "rules"},
            {"encoder": "mpnet"},
            {"parser": f"file:{trees}"},
        )
    ]
    described = [str(settings.described()) for settings in (base, *changes)]
    assert len(set(described)) == len(described)
    lexicon.write_text("intone IH2 N T OW2 N\n")
    (grids / "a.TextGrid").write_text("two")
    trees.write_text("(S (NN two))")
    changed = [str(settings.described()) for settings in changes]
    assert [one != other for one, other in zip(changed, described[1:], strict=True)] == [
        settings.lexicon is not None
        or settings.aligner == str(grids)
        or settings.parser.startswith("file:")
        for settings in changes
    ]


def test_a_lexicon_or_an_alignment_that_is_not_there(corpus, tmp_path):
    for wrong in ({"lexicon": tmp_path / "none"}, {"aligner": "mfa"}):
        with pytest.raises(UserError, match="no such file or folder"):
            prepare(corpus, tmp_path / "out", Settings(**wrong))
        assert not (tmp_path / "out").exists()
