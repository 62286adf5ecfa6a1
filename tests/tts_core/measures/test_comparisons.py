from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tts_core.config import Features
from tts_core.measures.comparisons import compare, pauses, rhythm
from tts_core.text.tokens import token_id
from tts_core.types import Prepared

SHORT, LONG = 4, 5
"""Frames just below and just above 50 ms: 46 and 58 ms."""


@pytest.fixture
def recording(utterance: Callable[..., Prepared]) -> Prepared:
    row = utterance(1)
    random = np.random.default_rng(0)
    mel = random.normal(size=row.mel.shape).astype(np.float32)
    f0 = (120 + 30 * np.sin(np.arange(len(mel)) / 9)).astype(np.float32)
    return replace(row, mel=mel, f0=f0)


def tokens(*symbols: str) -> np.ndarray:
    return np.array([token_id(symbol) for symbol in symbols])


def test_a_recording_compared_with_itself_is_perfect(recording: Prepared) -> None:
    values = compare(recording.f0, recording.mel, recording.durations, recording, Features())
    assert values["f0_correlation"] == pytest.approx(1)
    assert values["energy_correlation"] == pytest.approx(1)
    assert values["f0_rmse_semitones"] == values["phone_error_frames"] == 0
    assert values["boundary_error_frames"] == values["punctuation_error_frames"] == 0
    assert values["pauses_right"] == values["pauses_made"] == values["pauses_read"]


def test_a_slower_rendition_of_the_same_melody_differs_only_in_rhythm(recording: Prepared) -> None:
    f0, mel = (np.repeat(contour, 2, 0) for contour in (recording.f0, recording.mel))
    values = compare(f0, mel, 2 * recording.durations, recording, Features())
    assert values["f0_correlation"] == pytest.approx(1)
    assert values["energy_correlation"] == pytest.approx(1)
    spoken = recording.durations[recording.encoded.tokens >= token_id("AA0")]
    assert values["phone_error_frames"] == pytest.approx(spoken.mean())


def test_rhythm_is_not_measured_under_recorded_durations(recording: Prepared) -> None:
    values = compare(recording.f0 * 2, recording.mel, None, recording, Features())
    assert values["f0_rmse_semitones"] == pytest.approx(12)
    assert values["f0_correlation"] == pytest.approx(1)
    assert not [name for name in values if "frames" in name or "pauses" in name]


def test_tokens_without_a_frame_leave_a_gap_and_no_energy(recording: Prepared) -> None:
    durations = recording.durations.copy()
    dropped = slice(0, int(durations[0]))
    durations[0] = 0
    f0, mel = (np.delete(x, dropped, 0) for x in (recording.f0, recording.mel))
    values = compare(f0, mel, durations, recording, Features())
    assert values["energy_correlation"] == pytest.approx(1)
    assert values["voicing_agreement"] == pytest.approx(1 - dropped.stop / len(recording.f0))


def test_pauses_are_between_words_only() -> None:
    said = tokens("<s>", "AA1", "<wb>", "T", ",", '"', "AA1", "<wb>", "T", ".", "</s>")
    made = np.array([40, 5, LONG, 5, 2, 3, 5, SHORT, 5, 30, 30])
    # <wb>, then comma and quote together, then <wb>; silences at the ends are no pauses.
    assert pauses(said, made, Features()).tolist() == [True, True, False]


def test_a_pause_at_another_boundary_is_neither_right_nor_forgiven(
    recording: Prepared,
) -> None:
    said = tokens("<s>", "AA1", "<wb>", "T", "<wb>", "T", "</s>")
    encoded = replace(recording.encoded, tokens=said)
    row = replace(recording, encoded=encoded, durations=np.array([9, 5, LONG, 5, 0, 5, 9]))
    values = rhythm(np.array([9, 5, 0, 5, LONG, 5, 9]), row, Features())
    counts = [values[f"pauses_{name}"] for name in ("right", "made", "read")]
    assert counts == [0, 1, 1]
    assert values["boundary_error_frames"] == LONG
    assert values["punctuation_error_frames"] == values["phone_error_frames"] == 0


def test_a_whisper_has_no_correlation(recording: Prepared) -> None:
    silent = np.zeros_like(recording.f0)
    values = compare(silent, recording.mel, None, recording, Features())
    assert values["f0_correlation"] is values["f0_rmse_semitones"] is None
    assert values["f0_sd_semitones"] is None
    assert values["voicing_agreement"] == 0
