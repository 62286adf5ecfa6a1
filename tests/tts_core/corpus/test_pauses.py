"""Pauses between words are quiet; sound belongs to the word before."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tts_core.corpus.pauses import token_levels, without_loud_boundaries
from tts_core.text.tokens import token_id

SILENCE, SPEECH = -9.0, -3.0


def spoken(*layout: tuple[str, int, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    symbols, frames, levels = zip(*layout, strict=True)
    tokens = np.array([token_id(symbol) for symbol in symbols])
    mel = np.repeat(np.array(levels, np.float32), frames)[:, None].repeat(4, axis=1)
    return tokens, np.array(frames), mel


def test_a_loud_gap_goes_to_the_consonant_before_it_and_a_quiet_one_stays():
    tokens, durations, mel = spoken(
        ("<s>", 9, SILENCE),
        ("AH0", 8, SPEECH),
        ("Z", 3, SPEECH),
        ("<wb>", 6, SPEECH),
        ("IH1", 8, SPEECH),
        ("T", 2, SPEECH),
        ("<wb>", 7, SILENCE),
        ("AH0", 9, SPEECH),
        ("</s>", 9, SILENCE),
    )
    mended = without_loud_boundaries(tokens, durations, mel)
    assert mended.tolist() == [9, 8, 9, 0, 8, 2, 7, 9, 9]


def test_a_mark_keeps_its_frames_however_loud():
    tokens, durations, mel = spoken(
        ("<s>", 9, SILENCE),
        ("AH0", 8, SPEECH),
        (",", 6, SPEECH),
        ("IH1", 8, SPEECH),
        ("</s>", 9, SILENCE),
    )
    assert without_loud_boundaries(tokens, durations, mel).tolist() == durations.tolist()


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9), st.floats(-9, 0)), min_size=1))
def test_no_frame_is_lost_and_only_boundaries_shrink(words):
    layout = [("<s>", 5, SILENCE)]
    for phone, gap, level in words:
        layout += [("AH0", phone, SPEECH), ("<wb>", gap, level)]
    tokens, durations, mel = spoken(*layout, ("AH0", 3, SPEECH), ("</s>", 5, SILENCE))
    mended = without_loud_boundaries(tokens, durations, mel)
    assert mended.sum() == durations.sum()
    shrunk = mended < durations
    assert (tokens[shrunk] == token_id("<wb>")).all() and (mended[shrunk] == 0).all()


def test_levels_lie_between_the_quietest_frames_and_the_phones():
    tokens, durations, mel = spoken(
        ("<s>", 9, SILENCE),
        ("AH0", 8, SPEECH),
        ("<wb>", 0, 0.0),
        ("IH1", 8, SPEECH),
        ("</s>", 4, (SILENCE + SPEECH) / 2),
    )
    levels = token_levels(tokens, durations, mel)
    assert np.allclose(levels[[0, 1, 3, 4]], [0, 1, 1, 0.5]) and np.isnan(levels[2])
