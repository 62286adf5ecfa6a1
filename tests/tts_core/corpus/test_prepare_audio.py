"""Recordings that are refused, and recordings with warnings."""

from pathlib import Path

import numpy as np
import soundfile

from tts_core.audio.io import read_audio
from tts_core.config import Features, preset
from tts_core.corpus.prepare import prepare
from tts_core.corpus.recordings import check
from tts_core.corpus.sources import read_corpus
from tts_core.types import Recording

RATE = 22050


def spoken(corpus: Path) -> np.ndarray:
    """Real speech with silence around it."""
    return read_audio(read_corpus(corpus)[1][0].path, RATE)


def add(corpus: Path, utterance: str, text: str, samples: np.ndarray | None, rate: int = RATE):
    seconds = 1.0 if samples is None else len(samples) / rate
    with (corpus / "metadata.csv").open("a") as table:
        table.write(f"{utterance}|{utterance}|{text}|{seconds:.3f}\n")
    path = corpus / "wavs" / f"{utterance}.wav"
    if samples is not None:
        soundfile.write(path, samples, rate)
    return path


def test_bad_audio_is_left_out_with_a_reason_and_never_stops_the_rest(corpus, tmp_path):
    speech = spoken(corpus)
    loudest = int(np.abs(speech).argmax())
    path = add(corpus, "shorter", "This file is shorter than its header says.", speech)
    path.write_bytes(path.read_bytes()[:-20000])
    add(corpus, "silent", "There is nothing to hear.", np.zeros(RATE))
    add(corpus, "clipped", "This is too loud.", np.clip(20 * speech, -1, 1))
    add(corpus, "attenuated", "This was too loud.", 0.3 * np.clip(20 * speech, -1, 1))
    add(corpus, "long", "This takes a long time.", np.resize(speech, 21 * RATE))
    add(corpus, "short", "This is cut off.", speech[:1000])
    add(corpus, "cut", "This ends in the middle of a vowel.", speech[:loudest])
    add(corpus, "slow", "This has half the rate.", speech[::2], RATE // 2)
    add(corpus, "absent", "There is no file.", None)
    add(corpus, "textless", "", speech)
    add(corpus, "wordless", "?!", speech)
    add(corpus, "hasty", "People could never say all of these words in half a second.", speech)
    add(corpus, "opposed", "One channel is the other's mirror.", np.stack([speech, -speech], 1))
    hasty = np.concatenate([np.zeros(1500), speech[loudest : loudest + 1500], np.zeros(3000)])
    soundfile.write(corpus / "wavs" / "hasty.wav", hasty, RATE)
    table = corpus / "metadata.csv"
    lines = table.read_text().splitlines(keepends=True)
    table.write_text(
        "".join(
            "hasty|h|" + line.split("|")[2] + "|0.27\n" if line.startswith("hasty") else line
            for line in lines
        )
    )
    add(corpus, "broken", "This file is damaged.", None)
    (corpus / "wavs" / "broken.flac").write_bytes(b"fLaC" + b"\0" * 100)
    add(corpus, "endless", "This is not a number.", None)
    soundfile.write(corpus / "wavs/endless.wav", np.full(RATE, np.nan), RATE, subtype="FLOAT")
    info = prepare(corpus, tmp_path / "out", workers=1)
    reasons = {one.utterance: one.reason for one in info.left_out}
    expected = {
        "shorter": "truncated: the file lacks ",
        "silent": "silent: peak",
        "clipped": "clipped: ",
        "attenuated": "clipped: ",
        "long": "too long: 21.0 s",
        "short": "too short: 0.05 s",
        "cut": "truncated: the speech is cut at the end",
        "slow": "wrong rate: 11025 Hz, below the 22050 Hz of the features hifigan22k",
        "absent": "unreadable: ",
        "textless": "text missing",
        "wordless": "text cannot be read: ",
        "hasty": "alignment failed: ",
        "opposed": "stereo: the channels cancel",
        "broken": "unreadable: ",
        "endless": "unreadable: ",
    }
    assert reasons.keys() == expected.keys()
    for utterance, start in expected.items():
        assert reasons[utterance].startswith(start), reasons[utterance]
    assert [one.utterance for one in info.left_out] == [
        r.utterance for r in read_corpus(corpus)[1] if r.utterance in expected
    ]
    assert sum(side.utterances for side in info.splits.values()) == 8


def test_doubtful_rows_are_used_and_listed(corpus, tmp_path):
    speech = spoken(corpus)
    noise = np.random.default_rng(0).normal(size=len(speech))
    active = np.flatnonzero(np.abs(speech) > 0.1 * np.abs(speech).max())
    spectrum = np.fft.rfft(speech)
    spectrum[int(len(spectrum) * 4000 / (RATE / 2)) :] = 0
    add(corpus, "low", "This is quiet.", 0.02 * speech / np.abs(speech).max())
    add(corpus, "offset", "This lies off the middle.", 0.5 * speech + 0.1)
    add(corpus, "noisy", "They have left the window open.", 0.5 * speech + 0.05 * noise)
    add(corpus, "tight", "There is no air at the end.", speech[: active[-1]])
    add(corpus, "telephone", "This came by wire.", np.fft.irfft(spectrum, len(speech)))
    add(corpus, "stereo", "There are two of them.", np.stack([speech, speech], 1))
    recordings = {r.utterance: r for r in read_corpus(corpus)[1]}
    (tmp_path / "wavs").mkdir()
    for name, start in {
        "low": "low level: peak -34 dBFS",
        "offset": "DC offset: +0.1",
        "noisy": "noise: ",
        "tight": "no silence at the end",
        "telephone": "band-limited: nothing above 4.",
        "stereo": "2 channels",
    }.items():
        row = check(recordings[name], Features(), tmp_path / "wavs")
        assert row.fault is None
        assert [doubt for doubt in row.doubts if doubt.startswith(start)], (name, row.doubts)


def test_the_length_that_the_corpus_states_is_compared(read_aloud, tmp_path):
    recording = read_corpus(read_aloud)[1][0]
    seconds = soundfile.info(recording.path).duration

    def checked(stated: float | None):
        given = Recording("a", "a", "Yes.", recording.path, "joe", seconds=stated)
        return check(given, Features(), tmp_path)

    assert checked(seconds) == checked(None) == ("a", seconds, None, ())
    assert str(checked(2 * seconds).fault).startswith("truncated: ")
    assert checked(seconds / 2).doubts[0].startswith("longer than stated")


def test_a_rate_is_wrong_for_the_features_that_need_more(read_aloud, tmp_path):
    recording = read_corpus(read_aloud)[1][0]
    row = check(recording, preset("paper24k"), tmp_path)
    assert str(row.fault).startswith("wrong rate: 22050 Hz, below the 24000 Hz")


def test_nothing_good_of_a_human_corpus_is_thrown_out(kathleen, tmp_path):
    """The one exception starts in the middle of its first word."""
    recordings = [r for r in read_corpus(kathleen)[1] if r.utterance < "arctic_a0400"]
    rows = [check(recording, Features(), tmp_path) for recording in recordings]
    faults = {row.utterance: row.fault for row in rows if row.fault}
    assert list(faults) == ["arctic_a0321_2"]
    assert str(faults["arctic_a0321_2"]).startswith("truncated: the speech is cut at the start")
