"""Invented corpus with audio, and the smallest vocoder for it."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from tts_core.audio.mel import MelSpectrogram
from tts_core.config import Features
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.shards import write_info, write_shard
from tts_core.vocoder.config import VocoderRecipe, load_vocoder_recipe

FEATURES = Features()
TINY = {
    "start": None,
    "generator": {
        "upsample_rates": [8, 8, 4],
        "upsample_kernel_sizes": [16, 16, 8],
        "upsample_initial_channel": 16,
        "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1, 3]],
    },
    "discriminator_channels": 32,
    "batch": 2,
    "segment_frames": 4,
    "lr": 2e-3,
    "discriminators_alone": 0,
    "warmup": 0,
    "loss_fmax_hz": None,
    "checkpoint_every": 1000,
    "validate_every": 1000,
}


def buzz(random: np.random.Generator, n_samples: int) -> np.ndarray:
    """Harmonics of a gliding tone, and some noise."""
    hz = np.linspace(*random.uniform(100, 250, 2), n_samples)
    phase = 2 * np.pi * np.cumsum(hz) / FEATURES.sample_rate_hz
    tone = sum(np.sin(k * phase) / k for k in range(1, 12))
    return 0.1 * tone + 0.003 * random.normal(size=n_samples)


@pytest.fixture
def spoken(corpus, utterance, tmp_path) -> PreparedCorpus:
    """The invented corpus with recordings beside it, of which its spectrograms are."""
    folder, spectrogram = tmp_path / "recordings", MelSpectrogram(FEATURES)
    (folder / "wavs").mkdir(parents=True)
    rows = []
    for number in range(8):
        row = utterance(number, 3)
        # A little more than whole frames, as recordings are.
        samples = buzz(np.random.default_rng(number), int(row.durations.sum()) * 256 + 100)
        name = f"wavs/{row.utterance}.wav"
        soundfile.write(folder / name, samples, FEATURES.sample_rate_hz, subtype="PCM_16")
        mel = spectrogram(samples.astype(np.float32))
        split = "train" if number < 6 else "validation"
        rows.append(replace(row, mel=mel, audio=name, split=split))
    write_shard(corpus.path / "shards" / "000.parquet", rows, FEATURES)
    write_info(corpus.path, corpus.info.model_copy(update={"corpus_folder": str(folder)}))
    return PreparedCorpus(corpus.path)


@pytest.fixture
def small() -> Callable[..., VocoderRecipe]:
    """small(steps, **changes): a recipe that trains from scratch in no time."""

    def make(steps: int, **changes: object) -> VocoderRecipe:
        return load_vocoder_recipe(
            "hifigan_finetune", {**deepcopy(TINY), "steps": steps, **changes}
        )

    return make
