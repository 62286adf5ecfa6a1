"""Parameter-free sharpening, and refiners by name."""

import numpy as np
import pytest
import torch

from intone.errors import UserError
from tts_core.config import Features
from tts_core.refiner.filter import sharpened
from tts_core.refiner.load import load_refiner


def test_a_constant_log_mel_stays_as_it_is():
    mel = np.full((9, 80), -3.0)
    np.testing.assert_allclose(sharpened(mel, 2.0, 3.0), mel, atol=1e-12)


@pytest.mark.parametrize(("axis", "strengths"), [(0, (0.5, 0.0)), (1, (0.0, 0.5))])
def test_an_impulse_gains_what_its_gaussian_takes(axis, strengths):
    mel = np.zeros((21, 21))
    mel[10, 10] = 2.0
    weights = np.exp(-0.5 * np.arange(-4, 5) ** 2)
    weights /= weights.sum()
    # The impulse grows by half of what the Gaussian takes from it, its neighbours fall below zero.
    wanted = np.zeros((21, 21))
    line = wanted[:, 10] if axis == 0 else wanted[10]
    line[6:15] = -0.5 * 2 * weights
    wanted[10, 10] += 2 + 0.5 * 2
    np.testing.assert_allclose(sharpened(mel, *strengths), wanted, atol=1e-12)


def test_a_filter_is_named_with_its_strengths():
    refiner = load_refiner("filter:1,0.5", Features())
    assert refiner is not None
    assert refiner.name == "unsharp filter, time 1, frequency 0.5"
    mel = torch.randn(12, 80)
    made = refiner(mel, torch.Generator())
    np.testing.assert_allclose(made, sharpened(mel.double().numpy(), 1, 0.5), atol=1e-5)


@pytest.mark.parametrize(
    "name", ["filter:", "filter:1", "filter:a,b", "filter:1,-1", "filter:1,nan"]
)
def test_strengths_that_mean_nothing_are_refused(name):
    with pytest.raises(UserError, match="two strengths of 0 or more"):
        load_refiner(name, Features())


def test_nothing_sharpens_where_nothing_is_wanted(tmp_path):
    assert load_refiner("none", Features()) is None
    with pytest.raises(UserError, match="no such refiner"):
        load_refiner("sharp", Features())
    with pytest.raises(UserError, match="no trained refiner there"):
        load_refiner(str(tmp_path), Features())
