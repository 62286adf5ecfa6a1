"""Invented speech of exactly known size for the model benchmarks."""

import numpy as np

from tts_core.config import Features
from tts_core.models.facts import CorpusFacts
from tts_core.text.syntax import NODE_LABELS, POS_TAGS
from tts_core.text.tokens import PHONES, TOKENS, token_id
from tts_core.types import Encoded, Prepared

N_PHONES, N_FRAMES = 100, 600
FEATURES = Features()
FRAME_S = FEATURES.hop / FEATURES.sample_rate_hz


def facts(frames: float = N_FRAMES / N_PHONES) -> CorpusFacts:
    """Return statistics of a corpus of phones of `frames` frames each."""
    return CorpusFacts(
        n_tokens=len(TOKENS),
        n_pos=len(POS_TAGS),
        n_labels=len(NODE_LABELS),
        n_mels=80,
        mel_mean=[0.0] * 80,
        mel_std=[1.0] * 80,
        duration_mean=[frames] * 3,
        duration_std=[0.0] * 3,
        graph_passes=12,
        features_digest=FEATURES.digest(),
    )


def invented(random: np.random.Generator, n_phones: int = N_PHONES) -> Encoded:
    """Return a text with 5-phone words, word pieces and a tree."""
    n_words = n_phones // 5
    split = n_words // 4
    inner = n_words // 2
    return Encoded(
        tokens=np.array([token_id(phone) for phone in random.choice(PHONES, n_phones)]),
        token_unit=np.arange(n_phones) * n_words // n_phones,
        pos=random.integers(1, len(POS_TAGS), n_words),
        word_class=random.integers(0, 2, n_words),
        compound=random.integers(0, 2, n_words),
        punctuation=np.zeros(n_words, np.int64),
        pieces=random.integers(1000, 2000, n_words + split + 2),
        piece_unit=np.array([-1, *sorted([*range(n_words), *range(split)]), -1]),
        node_labels=random.integers(1, len(NODE_LABELS), inner + 1 + n_words),
        node_parents=np.array([-1, *[0] * inner, *(1 + i // 2 for i in range(n_words))]),
        leaves=np.arange(inner + 1, inner + 1 + n_words),
    )


def recording(random: np.random.Generator, number: int, n_phones: int = N_PHONES) -> Prepared:
    """Return an utterance with six noise frames for each of `n_phones`."""
    durations = np.full(n_phones, N_FRAMES // N_PHONES)
    n_frames = int(durations.sum())
    return Prepared(
        utterance=f"u{number}",
        sentence=f"s{number}",
        text="invented",
        speaker="invented",
        split="train",
        encoded=invented(random, n_phones),
        durations=durations,
        mel=random.normal(size=(n_frames, 80)).astype(np.float32),
        f0=np.zeros(n_frames, np.float32),
        audio="",
    )
