"""Corpus report: right figures on a self-contained page."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile

from intone.errors import UserError
from tts_core.corpus.prepare import prepare
from tts_core.corpus.report.build import corpus_report
from tts_core.corpus.shards import LeftOut, read_info, write_info
from tts_core.corpus.sources import read_corpus


class Page(HTMLParser):
    """Collects ids, references and the labels of figures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids, self.links, self.labels = [], [], []
        self.outside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "a":
            self.links.append(values["href"])
        if values.get("role") == "img":
            self.labels.append(values["aria-label"])
        for name in ("src", "href", "xlink:href"):
            if not (values.get(name) or "#").startswith(("#", "data:")):
                self.outside.append(values[name])


@pytest.fixture(scope="module")
def prepared(read_aloud, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("report") / "prepared"
    prepare(read_aloud, out, workers=1)
    info = read_info(out)
    assert info is not None
    left = LeftOut(utterance="lost", reason="alignment failed: <no> path")
    write_info(out, info.model_copy(update={"left_out": [left]}))
    return out


def page_of(folder: Path, out: Path) -> tuple[str, Page]:
    text = corpus_report(folder).write(out).read_text(encoding="utf-8")
    return text, Page(text)


def check_page(text: str, page: Page) -> None:
    assert not page.outside
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert len(page.ids) == len(set(page.ids))
    assert all(link[1:] in page.ids for link in page.links)
    assert len(page.labels) == text.count("<figcaption>")
    assert all(page.labels)
    assert "prefers-color-scheme: dark" in text
    assert len(text) < 3e6


def test_a_prepared_corpus_is_one_page(prepared, tmp_path):
    text, page = page_of(prepared, tmp_path / "report.html")
    check_page(text, page)
    for title in ("splits", "speakers", "texts", "phones", "pauses", "alignment", "suspicious"):
        assert f"#{title}" in page.links
    # What was left out is listed, as text and not as markup.
    assert "alignment failed: &lt;no&gt; path" in text
    assert "stand-in, not human speech" in text
    assert text.count("data:image/png") >= 3
    # The same corpus gives the same page.
    assert page_of(prepared, tmp_path / "again.html")[0] == text


def test_the_facts_of_a_prepared_corpus(prepared):
    report = corpus_report(prepared, sample=2)
    facts = dict(report.facts)
    assert facts["recordings"] == "8"
    assert facts["left out"] == "1"
    assert facts["aligned"] == "88.9 % by pocketsphinx"
    assert 80 < float(facts["median F0"].removesuffix(" Hz")) < 160
    assert "ZH" in facts["phones missing"]
    assert "median F0: " in report.as_text()
    by_anchor = {section.anchor: section for section in report.sections}
    said = by_anchor["agreement"].paragraphs
    assert said == ["Not compared: viter needs 10 minutes of speech to learn from."]


def test_unprepared_corpus_reports_its_audio(corpus, tmp_path):
    """Damaged recordings are counted as preparation would count them."""
    recordings = read_corpus(corpus)[1]
    samples, rate = soundfile.read(recordings[0].path)
    soundfile.write(recordings[0].path, np.zeros_like(samples), rate)
    samples, rate = soundfile.read(recordings[1].path)
    soundfile.write(recordings[1].path, np.clip(40 * samples, -1, 1), rate)
    Path(recordings[2].path).unlink()
    report = corpus_report(corpus)
    text = report.write(tmp_path / "report.html").read_text(encoding="utf-8")
    check_page(text, Page(text))
    facts = dict(report.facts)
    assert facts["recordings"] == "8"
    assert facts["faults"] == "1 silent, 1 clipped, 1 unreadable"
    assert f"`intone prepare {corpus} -o PREPARED`" in report.as_text()


def test_folder_without_corpus_is_refused(tmp_path):
    with pytest.raises(UserError, match="not a corpus"):
        corpus_report(tmp_path)


def test_note_on_loud_pauses_depends_on_the_aligner(prepared, tmp_path):
    """Loud pauses are removed from our alignments only."""
    info = read_info(prepared)
    assert info is not None
    assert "given back to the phone before it" in page_of(prepared, tmp_path / "ours.html")[0]
    folder = tmp_path / "theirs"
    shutil.copytree(prepared, folder)
    write_info(folder, info.model_copy(update={"aligner": "TextGrid"}))
    theirs = corpus_report(folder)
    text = theirs.write(tmp_path / "theirs.html").read_text(encoding="utf-8")
    assert "given back" not in text and "taken the end of a weak sound for silence" in text
    facts = dict(theirs.facts)
    assert facts["pauses without punctuation"].endswith("of them quiet")
