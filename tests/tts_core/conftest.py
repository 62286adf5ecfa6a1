"""Small corpus of invented utterances, valid and quickly made."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tts_core.support import write_corpus
from tts_core.config import Features, ModelConfig, Recipe, load_recipe
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.models.facts import CorpusFacts
from tts_core.text.syntax import NODE_LABELS, POS_TAGS
from tts_core.text.tokens import DURATION_GROUPS, PHONES, TOKENS, encode_words
from tts_core.types import Encoded, Prepared, Word


def invent(seed: int, n_words: int = 5, slope: float = 0.0) -> Prepared:
    """One utterance whose spectrogram follows its phones, plus a sentence-level `slope`."""
    random = np.random.default_rng(seed)
    words = [
        Word(f"w{i}", f"w{i}", tuple(phones.tolist()), "NN", "open", False, False, 3 * i, 3 * i + 2)
        for i, phones in enumerate(random.choice(PHONES, (n_words, 3)))
    ]
    words.insert(2, Word(",", "", (), "PUNCT", "closed", False, True, 0, 1))
    words.append(Word(".", "", (), "PUNCT", "closed", False, True, 0, 1))
    tokens, token_unit = encode_words(words)
    n_units = len(words)
    parents = np.array([-1, 0, 0] + [1] * (n_words - 2) + [2, 2], np.int64)
    encoded = Encoded(
        tokens=tokens,
        token_unit=token_unit,
        pos=random.integers(1, len(POS_TAGS), n_units),
        word_class=random.integers(0, 2, n_units),
        compound=random.integers(0, 2, n_units),
        punctuation=np.array([int(w.punctuation) for w in words]),
        pieces=np.concatenate([[1], random.integers(5, 50, n_units), [2]]),
        piece_unit=np.concatenate([[-1], np.arange(n_units), [-1]]),
        node_labels=random.integers(1, len(NODE_LABELS), len(parents)),
        node_parents=parents,
        leaves=np.arange(3, len(parents)),
    )
    durations = random.integers(2, 6, len(tokens))
    per_token = np.random.default_rng(0).normal(size=(len(TOKENS), 80))
    mel = np.repeat(per_token[tokens], durations, 0) + slope
    return Prepared(
        utterance=f"u{seed}",
        sentence=f"s{seed}",
        text=" ".join(w.text for w in words),
        speaker="invented",
        split="train",
        encoded=encoded,
        durations=durations,
        mel=mel.astype(np.float32),
        f0=np.zeros(len(mel), np.float32),
        audio="",
    )


@pytest.fixture
def utterance() -> Callable[..., Prepared]:
    return invent


@pytest.fixture
def facts() -> CorpusFacts:
    return CorpusFacts(
        n_tokens=len(TOKENS),
        n_pos=len(POS_TAGS),
        n_labels=len(NODE_LABELS),
        n_mels=80,
        mel_mean=[0.1] * 80,
        mel_std=[1.2] * 80,
        duration_mean=[4.0, 3.0, 1.0][: len(DURATION_GROUPS)],
        duration_std=[1.0, 2.0, 1.5][: len(DURATION_GROUPS)],
        graph_passes=4,
        features_digest=Features().digest(),
    )


@pytest.fixture
def sizes() -> Callable[..., ModelConfig]:
    def make(system: str, **changes: object) -> ModelConfig:
        small = {
            "embedding": 16,
            "encoder": 16,
            "decoder": 24,
            "prenet": 8,
            "prenet_dropout": 0.0,
            "dropout": 0.0,
            "duration": 16,
            "latent": 4,
            "reference": 8,
            "sampler_width": 8,
            "node_embedding": 8,
            "graph": 8,
            "word_vector": 3,
            "context_width": 8,
            "predictor": 16,
            "predictor_prenet": 8,
            "sampler": "graph",
            "context": "syntax",
            "postnet": 16,
            "attention": 8,
        }
        return ModelConfig.model_validate({"system": system, **small, **changes})

    return make


SMALL = {
    "embedding": 16,
    "encoder": 16,
    "decoder": 24,
    "prenet": 8,
    "duration": 16,
    "latent": 4,
    "reference": 8,
    "sampler_width": 8,
    "node_embedding": 8,
    "graph": 8,
    "word_vector": 3,
    "context_width": 8,
    "predictor": 16,
    "predictor_prenet": 8,
    "sampler": "graph",
    "context": "syntax",
    "postnet": 16,
    "attention": 8,
}


@pytest.fixture
def corpus(tmp_path: Path, facts: CorpusFacts) -> PreparedCorpus:
    """A prepared corpus of invented utterances whose `slope` is a sentence-level factor."""
    rows = [invent(i, 4, slope=float(np.sin(i))) for i in range(24)]
    rows += [replace(invent(100 + i, 4, slope=1.0), split="validation") for i in range(4)]
    return write_corpus(tmp_path / "prepared", rows, facts)


@pytest.fixture
def tiny() -> Callable[..., Recipe]:
    """A recipe of the smallest widths: tiny(system, steps, **overrides)."""
    return tiny_recipe


def tiny_recipe(system: str, steps: int, **changes: object) -> Recipe:
    keys: dict[str, object] = {f"model.{key}": value for key, value in SMALL.items()}
    keys["observe"] = 0
    recipe = load_recipe(f"{system}_compact")
    for number in recipe.stages:
        keys |= {
            f"stages.{number}.steps": steps,
            f"stages.{number}.batch_frames": 600,
            f"stages.{number}.checkpoint_every": 1000,
            f"stages.{number}.lr_final": 1.0,
            f"stages.{number}.warmup": 0,
        }
    return load_recipe(f"{system}_compact", keys | changes)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)
