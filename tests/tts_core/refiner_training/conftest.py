"""Invented recordings with predictions that are blurred as L2 losses blur."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from tts_core.adversarial.pairs import Pair, Pairs
from tts_core.config import Features
from tts_core.models.facts import CorpusFacts
from tts_core.refiner.config import RefinerRecipe, load_refiner_recipe
from tts_core.refiner.saved import Teacher

TINY = {"width": 24, "noise": 2, "dilations": [1, 2], "crop_frames": 16, "batch": 4}


def blurred_pair(seed: int) -> Pair:
    """A random texture, and itself blurred over time."""
    texture = np.random.default_rng(seed).normal(size=(60, 80))
    recorded = 2 * gaussian_filter1d(texture, 0.6, axis=0)
    predicted = gaussian_filter1d(recorded, 0.8, axis=0)
    return Pair(f"u{seed}", recorded.astype(np.float16), [predicted.astype(np.float16)])


@pytest.fixture
def pairs(facts: CorpusFacts) -> Pairs:
    systems = [Teacher(system="ntts", recipe="invented", weights_sha256="0" * 64)]
    train, held_out = (list(map(blurred_pair, numbers)) for numbers in (range(8), range(20, 23)))
    corpus = {"inputs_digest": "0" * 16, "features": Features().model_dump()}
    return Pairs(Features(), facts, corpus, systems, train, held_out)


@pytest.fixture
def small() -> Callable[..., RefinerRecipe]:
    """small(steps, **changes): a recipe that trains in no time."""

    def make(steps: int, **changes: object) -> RefinerRecipe:
        return load_refiner_recipe("refiner", {**TINY, "steps": steps, **changes})

    return make
