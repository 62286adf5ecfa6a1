"""Quality figures follow from the durations; wrong alignments rank first."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tts_core.config import Features
from tts_core.corpus.prepare import prepare
from tts_core.corpus.report.agreement import agreement
from tts_core.corpus.report.quality import (
    at_minimum,
    boundary_pauses,
    class_durations,
    coverage,
    missing_phones,
    pauses,
    robust_z,
    suspicions,
)
from tts_core.corpus.report.survey import Survey, survey
from tts_core.corpus.settings import Settings
from tts_core.corpus.shards import read_info, write_shard
from tts_core.corpus.sources import read_corpus, write_corpus
from tts_core.text.tokens import PHONES, TOKENS, duration_group

# (symbol, frames, level): a frame is 10 ms; 0 is as quiet as the recording, 1 as loud as speech.
SPOKEN = [
    ("<s>", 20, 0.0),
    ('"', 0, np.nan),
    ("HH", 3, 0.6),
    ("AY1", 20, 1.2),
    (",", 30, 0.1),
    ('"', 0, np.nan),
    ("DH", 2, 0.8),
    ("IY0", 12, 1.0),
    ("<wb>", 8, 0.2),
    ("AY2", 10, 1.1),
    ("<wb>", 5, 0.9),
    ("T", 9, 0.5),
    ("<wb>", 4, 0.1),
    ("UW1", 16, 1.0),
    (".", 0, np.nan),
    ("</s>", 25, 0.0),
]


@pytest.fixture
def small() -> Survey:
    symbols, frames, levels = zip(*SPOKEN, strict=True)
    return Survey(
        frame_s=0.01,
        tokens=[np.array([TOKENS.index(symbol) for symbol in symbols])],
        durations=[np.array(frames)],
        levels=[np.array(levels)],
    )


def test_durations_by_class(small):
    rows = {row.name: row for row in class_durations(small)}
    assert rows["vowels, primary stress"].count == 2
    assert rows["vowels, primary stress"].median_ms == pytest.approx(180)
    assert rows["vowels, secondary stress"].median_ms == pytest.approx(100)
    assert rows["fricatives"].median_ms == pytest.approx(25)
    assert rows["fricatives"].at_minimum == 1
    assert rows["stops"].at_minimum == 0
    assert rows["word boundaries"].at_minimum is None
    assert "nasals" not in rows
    assert at_minimum(small) == pytest.approx(2 / 7)


def test_pauses_are_counted_where_they_are(small):
    """Pauses belong to the comma, not to the quote after it.

    They count from 50 ms on; the recording's ends are none.
    """
    rows = {row.mark: row for row in pauses(small)}
    assert set(rows) == {"<wb>", ","}
    assert (rows["<wb>"].boundaries, rows["<wb>"].pauses, rows["<wb>"].quiet) == (3, 2, 1)
    assert (rows[","].boundaries, rows[","].pauses, rows[","].longest_ms) == (1, 1, 300)
    seconds, quiet = boundary_pauses(small)
    np.testing.assert_allclose(seconds, [0.08, 0.05])
    assert quiet.tolist() == [True, False]


def test_missing_phones_are_named_with_their_stress(small):
    counts = coverage(small)
    assert len(counts) == 39
    assert counts["AY"] == (0, 1, 1)
    assert counts["T"] == (1,)
    missing = missing_phones(counts)
    assert {"AY0", "AA", "ZH", "IY1"} <= set(missing)
    assert not {"AY1", "AY", "T", "IY0"} & set(missing)


def test_robust_z_is_not_moved_by_what_it_looks_for():
    values = np.append(np.random.default_rng(0).normal(5, 2, 1000), [500.0] * 20)
    z = robust_z(values)
    assert np.std(z[:1000]) == pytest.approx(1, abs=0.1)
    assert z[-20:].min() > 100
    assert not robust_z(np.ones(5)).any()


@pytest.fixture(scope="module")
def prepared(read_aloud, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("quality") / "prepared"
    prepare(read_aloud, out, workers=1)
    return out


def test_the_survey_counts_what_preparation_wrote(prepared):
    info = read_info(prepared)
    assert info is not None
    found = survey(prepared, info)
    assert len(found.rows) == sum(side.utterances for side in info.splits.values())
    assert sum(row.seconds for row in found.rows) == pytest.approx(3600 * info.hours)
    tokens, levels = np.concatenate(found.tokens), np.concatenate(found.levels)
    stressed = np.char.endswith(np.array(TOKENS)[tokens], "1")
    assert np.nanmedian(levels[stressed]) > 0.9
    assert np.nanmedian(levels[duration_group(tokens) == 1]) < 0.5


def test_other_aligner_is_used_or_the_reason_is_given(prepared):
    info = read_info(prepared)
    assert info is not None
    found = survey(prepared, info)
    # Seconds of speech were aligned by pocketsphinx, and viter cannot learn from them.
    asked = agreement(prepared, info, found, 3)
    assert (asked.other, asked.note) == ("viter", "viter needs 10 minutes of speech to learn from")
    # An alignment that was made elsewhere is compared with pocketsphinx; this one is its own.
    asked = agreement(prepared, info.model_copy(update={"aligner": "TextGrid"}), found, 3)
    assert (asked.other, asked.asked, len(asked.distances_s)) == ("pocketsphinx", 3, 3)
    # Equal but for rounding to frames.
    assert asked.share_within(0.02) > 0.95
    gone = info.model_copy(update={"aligner": "TextGrid", "corpus_folder": "/nowhere"})
    assert "cannot be read" in agreement(prepared, gone, found, 3).note


def test_wrong_alignments_rank_first(prepared, utterance, tmp_path):
    """Wrong phones, a long phone and triple rate rank first."""
    info = read_info(prepared)
    assert info is not None
    rows = [utterance(seed, n_words=8) for seed in range(60)]
    random = np.random.default_rng(0)
    tokens = rows[7].encoded.tokens.copy()
    spoken = duration_group(tokens) == 0
    tokens[spoken] = [TOKENS.index(phone) for phone in random.choice(PHONES, spoken.sum())]
    rows[7] = replace(rows[7], encoded=replace(rows[7].encoded, tokens=tokens))
    rows[20] = lasting(rows[20], lambda d: np.where(np.arange(len(d)) == 3, 90, d))
    rows[41] = lasting(rows[41], lambda d: 4 * d)
    write_shard(tmp_path / "shards" / "000.parquet", rows, Features())
    info = info.model_copy(update={"shards": ["000.parquet"]})
    found = survey(tmp_path, info)
    scored = suspicions(tmp_path, info, found, {})
    assert {one.utterance for one in scored[:3]} == {"u7", "u20", "u41"}
    by_name = {one.utterance: one for one in scored}
    assert by_name["u7"].spectrum > 5
    assert by_name["u20"].longest > 1
    assert by_name["u41"].rate > 1
    for one in scored:
        assert one.score == pytest.approx(sum(one.terms))
    # What the other aligner says is added.
    told = {one.utterance: one for one in suspicions(tmp_path, info, found, {"u30": 0.5})}
    assert told["u30"].disagreement == pytest.approx(24)
    assert told["u30"].score == pytest.approx(by_name["u30"].score + 24)


def lasting(one, change):
    durations = change(one.durations)
    frames = np.repeat(np.cumsum(one.durations) - one.durations, durations)
    mel = one.mel[np.minimum(frames, len(one.mel) - 1)]
    return replace(one, durations=durations, mel=mel, f0=np.zeros(len(mel), np.float32))


@pytest.mark.slow
def test_wrong_texts_of_human_speech_are_refused_or_rank_first(kathleen, tmp_path):
    """20 of 300 recordings have another recording's text."""
    folder = tmp_path / "kathleen"
    (folder / "wavs").mkdir(parents=True)
    info, recordings = read_corpus(kathleen)
    recordings = recordings[::5][:300]
    for r in recordings:
        (folder / "wavs" / Path(r.path).name).symlink_to(Path(r.path).resolve())
    by_length = sorted(recordings, key=lambda r: len(r.text))
    pairs = [(by_length[i], by_length[i + 1]) for i in range(60, 260, 20)]
    texts = {r.utterance: r.text for r in recordings}
    for one, other in pairs:
        texts |= {one.utterance: other.text, other.utterance: one.text}
    wrong = {r.utterance for pair in pairs for r in pair}
    write_corpus(folder, info, [replace(r, text=texts[r.utterance]) for r in recordings])
    out = tmp_path / "prepared"
    settings = Settings(aligner="pocketsphinx")
    done = prepare(folder, out, settings, workers=2)
    refused = {left.utterance for left in done.left_out if "alignment failed" in left.reason}
    scored = suspicions(out, done, survey(out, done), {})
    left = wrong - refused
    found = left & {one.utterance for one in scored[: 2 * len(left)]}
    assert refused <= wrong
    assert len(refused) + len(found) >= 18
