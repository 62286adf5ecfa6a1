import sys
from pathlib import Path

import pytest
import soundfile

from intone.errors import UserError
from tts_core.corpus import demo
from tts_core.corpus.demo import Sentence, build_demo, sentences
from tts_core.corpus.sources import read_corpus
from tts_core.text.plain import normalised


def test_the_sentences_vary():
    shipped = sentences()
    assert len(shipped) >= 250
    assert (
        len({s.id for s in shipped}) == len({normalised(s.text) for s in shipped}) == len(shipped)
    )
    assert {s.kind for s in shipped[:20]} >= {
        "statement",
        "yes_no_question",
        "wh_question",
        "list",
        "contrast",
        "parenthetical",
        "dialogue",
        "number",
        "exclamation",
    }
    assert all(4 <= len(s.text.split()) <= 25 for s in shipped)


def test_stand_in_voice_is_reproducible_and_labelled(read_aloud, tmp_path):
    told = []
    out = tmp_path / "again"
    paths = build_demo(out, lambda *now: told.append(now[1:]), limit=2)
    assert told == [(0, 2), (1, 2), (2, 2)]
    for path in paths:
        ours, _ = soundfile.read(path)
        first, _ = soundfile.read(read_aloud / "wavs" / path.name)
        assert (ours == first).all()
        assert 0.05 < abs(ours).max() < 0.99
    info, found = read_corpus(out)
    assert info.stand_in
    assert "not a human" in info.note
    assert [r.text for r in found] == [s.text for s in sentences()[:2]]


def test_only_what_is_missing_or_another_text_is_read(corpus, monkeypatch):
    first, second = sorted((corpus / "wavs").iterdir())[:2]
    kept = first.stat().st_mtime_ns
    second.unlink()
    monkeypatch.setattr(demo, "sentences", lambda: [*sentences()[:2], Sentence("x", "", "Yes.")])
    build_demo(corpus)
    assert second.is_file()
    assert soundfile.info(corpus / "wavs" / "x.flac").duration < 2
    monkeypatch.setattr(demo, "sentences", lambda: [Sentence("x", "", "Well, it is longer now.")])
    build_demo(corpus)
    assert soundfile.info(corpus / "wavs" / "x.flac").duration > 1
    assert first.stat().st_mtime_ns == kept


def test_failing_piper_gives_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "voice").mkdir()
    monkeypatch.setattr(demo.assets, "path", lambda _: tmp_path / "voice")
    with pytest.raises(UserError, match="piper read 0 of 1 sentences and stopped: ValueError"):
        build_demo(tmp_path / "out", limit=1)


def test_missing_piper_names_its_installation(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [p for p in sys.path if not Path(p, "piper").is_dir()])
    monkeypatch.delitem(sys.modules, "piper", raising=False)
    with pytest.raises(UserError, match=r"pip install 'intone\[demo\]'"):
        build_demo(tmp_path / "out", limit=1)
