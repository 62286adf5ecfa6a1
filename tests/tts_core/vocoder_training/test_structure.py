"""Published structure of networks and losses (Kong et al. 2020)."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from tts_core.adversarial.losses import (
    Judgement,
    adversarial_loss,
    discriminator_loss,
    feature_loss,
)
from tts_core.audio.mel import MelSpectrogram
from tts_core.config import PRESETS, Features
from tts_core.vocoder.config import RECIPES, load_vocoder_recipe
from tts_core.vocoder.generator import fused, normalise
from tts_core.vocoder.hifigan import Generator
from tts_core.vocoder_training.discriminators import (
    PERIODS,
    Discriminators,
    PeriodDiscriminator,
    ScaleDiscriminator,
)
from tts_core.vocoder_training.losses import LogMel

NARROW = {
    "generator.upsample_initial_channel": 32,
    "generator.resblock_kernel_sizes": [3],
    "generator.resblock_dilation_sizes": [[1, 3]],
}


def plain_size(module: nn.Module) -> int:
    """Weights and biases, the gains of weight normalisation apart."""
    convs = [m for m in module.modules() if isinstance(m, nn.Conv1d | nn.Conv2d)]
    return sum(c.weight.numel() + c.bias.numel() for c in convs)


def test_v1_has_five_periods_and_three_scales_of_the_published_size():
    judges = Discriminators()
    assert [p.period for p in judges.periods] == [2, 3, 5, 7, 11]
    assert len(judges.scales) == 3
    # Channels 32, 128, 512, 1024, 1024 with kernels of 5, and one of 3 at the end.
    of_period = (
        5 * (32 + 32 * 128 + 128 * 512 + 512 * 1024 + 1024 * 1024)
        + 3 * 1024
        + 32
        + 128
        + 512
        + 1024
        + 1024
        + 1
    )
    assert plain_size(judges.periods) == 5 * of_period == 41_092_165
    # Channels 128, 128, 256, 512, 1024, 1024, 1024 in groups; kernels of 15, 41, 5 and 3.
    of_scale = (
        15 * 128
        + 41 * (128 * 32 + 256 * 8 + 512 * 16 + 1024 * 32 + 1024 * 64)
        + 5 * 1024 * 1024
        + 3 * 1024
        + 128
        + 128
        + 256
        + 512
        + 3 * 1024
        + 1
    )
    assert plain_size(judges.scales) == 3 * of_scale == 29_610_627


def test_the_first_scale_is_spectrally_normalised_and_all_else_by_weight():
    judges = Discriminators(32)
    kinds = [
        {type(p[0]).__name__ for p in _parametrized(part)}
        for part in (judges.periods, judges.scales[0], judges.scales[1], judges.scales[2])
    ]
    assert kinds == [{"_WeightNorm"}, {"_SpectralNorm"}, {"_WeightNorm"}, {"_WeightNorm"}]
    with torch.no_grad():
        judges.train()
        for _ in range(60):
            judges.scales[0](torch.randn(1, 64))
    largest = [torch.linalg.svdvals(c.weight.flatten(1))[0] for c in judges.scales[0].convs]
    torch.testing.assert_close(torch.stack(largest), torch.ones(7), rtol=0.05, atol=0)


def _parametrized(module: nn.Module) -> list[nn.ModuleList]:
    return [m.parametrizations.weight for m in module.modules() if hasattr(m, "parametrizations")]


@pytest.mark.parametrize("period", PERIODS)
def test_a_period_judges_its_threads_of_samples_apart(period):
    judge = PeriodDiscriminator(period, 32)
    samples = torch.randn(1, 90 * period)
    other = samples.clone()
    other[0, 1::period] += 1
    differing = (judge(samples).layers[-1] != judge(other).layers[-1])[0, 0].any(0)
    assert differing.tolist() == [thread == 1 for thread in range(period)]
    assert judge(samples[:, :-1]).score.shape == judge(samples).score.shape


def test_scales_halve_the_audio_and_layers_shrink():
    judged = Discriminators(32)(torch.randn(2, 8192))
    assert len(judged) == 8
    assert [len(j.layers) for j in judged] == [6] * 5 + [8] * 3
    # Strides of 2, 2, 4 and 4 over 8192, 4097 and 2049 averaged samples.
    assert [j.score.shape for j in judged[5:]] == [(2, 128), (2, 65), (2, 33)]
    assert ScaleDiscriminator(1024, spectral=False).convs[2].groups == 16


def test_losses_are_those_of_the_paper():
    scores = [torch.tensor([[0.9, 0.5]]), torch.tensor([[0.2]])]
    made = [torch.tensor([[0.1, 0.3]]), torch.tensor([[0.6]])]
    layers = [torch.tensor([1.0, 2.0]), torch.tensor([3.0])]
    moved = [layer + 0.5 for layer in layers]
    real_side = [Judgement(s, layers) for s in scores]
    made_side = [Judgement(s, moved) for s in made]
    by_hand = (0.1**2 + 0.5**2) / 2 + (0.1**2 + 0.3**2) / 2 + 0.8**2 + 0.6**2
    assert discriminator_loss(real_side, made_side).item() == pytest.approx(by_hand)
    assert adversarial_loss(made_side).item() == pytest.approx((0.9**2 + 0.7**2) / 2 + 0.4**2)
    assert feature_loss(real_side, made_side).item() == pytest.approx(4 * 0.5)


@pytest.mark.parametrize("name", PRESETS)
def test_the_loss_hears_the_project_s_own_spectrogram(name):
    features = PRESETS[name]
    random = np.random.default_rng(0)
    samples = np.cumsum(random.normal(size=40 * features.hop)).astype(np.float32)
    samples /= np.abs(samples).max()
    wanted = MelSpectrogram(features)(samples)
    tensor = torch.from_numpy(samples)[None].requires_grad_(True)
    heard = LogMel(features)(tensor)
    np.testing.assert_allclose(heard[0].detach().numpy(), wanted, atol=2e-3)
    heard.sum().backward()
    assert tensor.grad is not None and tensor.grad.abs().sum() > 0


def test_weight_normalisation_comes_and_goes_without_a_trace():
    recipe = load_vocoder_recipe("hifigan_paper24k", NARROW)
    config = recipe.generator.for_features(PRESETS["paper24k"])
    generator = Generator(config)
    mel = torch.randn(2, 80, 11)
    before = generator(mel)
    normalise(generator)
    learning = [name for name, _ in generator.named_parameters() if "original0" in name]
    assert len(learning) == 1 + 4 + 4 * 4 + 1
    torch.testing.assert_close(generator(mel), before, rtol=1e-4, atol=1e-6)
    with torch.no_grad():
        generator.conv_pre.parametrizations.weight.original0.mul_(1.5)
    plain = Generator(config)
    plain.load_state_dict(fused(generator))
    torch.testing.assert_close(plain(mel), generator(mel), rtol=1e-4, atol=1e-6)
    assert not torch.allclose(plain(mel), before)


@pytest.mark.parametrize(("name", "preset"), [("hifigan_paper24k", "paper24k")])
def test_a_layout_makes_as_many_samples_as_its_frames_have(name, preset):
    recipe, features = load_vocoder_recipe(name, NARROW), PRESETS[preset]
    assert math.prod(recipe.generator.upsample_rates) == features.hop
    made = Generator(recipe.generator.for_features(features))(torch.randn(1, 80, 7))
    assert made.shape == (1, 7 * features.hop)
    assert recipe.generator.for_features(features).features().digest() == features.digest()


def test_the_recipes_are_those_of_the_paper():
    for path in RECIPES.glob("*.yaml"):
        recipe = load_vocoder_recipe(path.stem)
        assert (recipe.lr, recipe.betas, recipe.lr_decay) == (2e-4, (0.8, 0.99), 0.999)
        assert (recipe.mel_weight, recipe.feature_weight, recipe.batch) == (45, 2, 16)
    assert 32 * Features().hop == 8192
