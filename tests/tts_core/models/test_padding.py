"""Padding behind an utterance changes nothing in training.

With batch statistics, masked means and backward recurrences in play that is more than what the
modules' own tests look at: here two utterances are padded as if a third, longer one were there.
"""

from dataclasses import fields, replace

import pytest
import torch

from tts_core.models.batch import Batch, collate
from tts_core.models.camp import CAMP
from tts_core.models.durian_plus import DurIANPlus
from tts_core.models.kathaka import Kathaka
from tts_core.models.latent import Gaussian
from tts_core.models.ntts import NTTS
from tts_core.models.ntts_attention import NTTSAttention
from tts_core.models.sampler_stage import sampler_losses


@pytest.fixture
def build(sizes, facts):
    def make(name, **changes):
        config = sizes(name, sampler_dropout=0.0, **changes)
        match name:
            case "ntts":
                model = NTTS(config, facts)
            case "ntts_attention":
                model = NTTSAttention(config, facts)
            case "durian_plus":
                model = DurIANPlus(config, facts)
            case "kathaka":
                model = Kathaka(config, facts, None)
            case _:
                model = CAMP(config, facts, None)
        # Some parts have a dropout of their own that no configuration names.
        for module in model.modules():
            if isinstance(getattr(module, "dropout", None), float):
                module.dropout = 0.0
        return model.double().train()

    return make


def batches(utterance) -> tuple[Batch, Batch]:
    """Return two utterances, plain and with loud padding."""
    rows = [utterance(1, 4), utterance(2, 6), utterance(3, 12)]
    tight = collate([r.encoded for r in rows[:2]], rows[:2], range(2))
    wide = collate([r.encoded for r in rows], rows, range(3))
    kept = {f.name: getattr(wide, f.name) for f in fields(wide)}
    wide = Batch(**{name: None if value is None else value[:2] for name, value in kept.items()})
    wide = replace(wide, mel=wide.mel.masked_fill(~wide.frame_mask[..., None], 50.0))
    return replace(tight, mel=tight.mel.double()), replace(wide, mel=wide.mel.double())


def losses(model, batch: Batch) -> dict[str, torch.Tensor]:
    """Every loss of every stage, with the same latents drawn."""
    torch.manual_seed(5)
    if isinstance(model, Kathaka):
        fixed = Gaussian(torch.zeros(2, 4).double(), torch.zeros(2, 4).double())
        parts = model.acoustic_loss(batch) | sampler_losses(model.sampler(batch), fixed)
        return parts | model.duration_loss(batch, fixed)
    if isinstance(model, CAMP):
        target = torch.full((2, batch.pos.shape[1], 3), 50.0).double()
        target[:, :8] = torch.randn(2, 8, 3).double()
        return model.acoustic_loss(batch) | model.prosody_loss(batch, target)
    parts = model.acoustic_loss(batch)
    return parts | model.duration_loss(batch) if isinstance(model, NTTS) else parts


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("ntts", {}),
        ("ntts_attention", {}),
        ("ntts_attention", {"reduction": 2}),
        ("durian_plus", {"decoder_layers": 4}),
        ("kathaka", {}),
        ("kathaka", {"channel": 2}),
        ("camp", {"encoder_layers": 2}),
    ],
)
def test_no_loss_and_no_gradient_of_a_training_step_knows_the_padding(
    name, changes, build, utterance
):
    found = []
    for batch in batches(utterance):
        torch.manual_seed(0)
        model = build(name, **changes)
        parts = losses(model, batch)
        torch.stack(list(parts.values())).sum().backward()
        gradients = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
        buffers = dict(model.named_buffers())
        found.append({k: v.detach() for k, v in (parts | gradients | buffers).items()})
    tight, wide = found
    assert tight.keys() == wide.keys()
    for key, value in tight.items():
        torch.testing.assert_close(wide[key], value, atol=1e-9, rtol=1e-9, msg=key)
