"""Shared parts under padding, zero durations and single steps."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tts_core.models.blocks import (
    ConvStack,
    MaskedBatchNorm,
    PhoneEncoder,
    Prenet,
    Recurrent,
    SteppedLSTM,
    first_and_last,
    frame_index,
    mean_of_valid,
    position_in_token,
    take,
)


def mask_of(lengths, longest):
    return torch.arange(longest) < torch.tensor(lengths)[:, None]


@pytest.mark.parametrize("dimensions", [1, 2])
def test_batch_statistics_ignore_padding(dimensions):
    shape = (7, 5)[:dimensions]
    x = torch.randn(2, 3, *shape)
    mask = torch.ones(2, 1, 7, *(1,) * (dimensions - 1), dtype=torch.bool)
    norm, padded = MaskedBatchNorm(3).train(), MaskedBatchNorm(3).train()
    out = norm(x, mask)
    behind = (0, 0) * (dimensions - 1) + (0, 5)
    longer, longer_mask = nn.functional.pad(x, behind, value=100.0), nn.functional.pad(mask, behind)
    torch.testing.assert_close(padded(longer, longer_mask)[:, :, :7], out)
    torch.testing.assert_close(padded.mean, norm.mean)
    torch.testing.assert_close(padded.variance, norm.variance)
    oracle = (nn.BatchNorm1d, nn.BatchNorm2d)[dimensions - 1](3).train()(x)
    torch.testing.assert_close(out, oracle)


@pytest.mark.parametrize("layers", [1, 2])
def test_recurrent_equals_packed_lstm(layers):
    """Packing is PyTorch's way to skip padding, slower on a CPU."""
    ours = Recurrent(5, 4, layers).double()
    oracle = nn.LSTM(5, 4, layers, batch_first=True, bidirectional=True).double()
    with torch.no_grad():
        for layer in range(layers):
            for part, suffix in ((ours.ahead, ""), (ours.back, "_reverse")):
                for name, value in part[layer].named_parameters():
                    getattr(oracle, name.replace("_l0", f"_l{layer}{suffix}")).copy_(value)
    x, lengths = torch.randn(3, 9, 5).double(), torch.tensor([9, 1, 4])
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    expected, _ = pad_packed_sequence(oracle(packed)[0], batch_first=True)
    torch.testing.assert_close(ours(x, lengths), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("part", ["convolutions", "encoder", "encoder with a sentence vector"])
def test_padding_beside_a_long_sentence_changes_nothing(part):
    lengths = torch.tensor([4, 11])
    mask = mask_of([4, 11], 11)
    if part == "convolutions":
        stack, x = ConvStack(6, 8).eval(), torch.randn(2, 11, 6)
        # Padding values must not matter.
        alone, together = stack(x[:1, :4], mask[:1, :4]), stack(x, mask)
    else:
        vector = torch.randn(2, 3) if "vector" in part else None
        stack = PhoneEncoder(20, 6, 8, condition=0 if vector is None else 3).eval()
        tokens = torch.randint(1, 20, (2, 11)) * mask
        one = None if vector is None else vector[:1]
        alone = stack(tokens[:1, :4], mask[:1, :4], lengths[:1], one)
        together = stack(tokens, mask, lengths, vector)
    torch.testing.assert_close(together[0, :4], alone[0], atol=1e-5, rtol=0)
    assert not together[0, 4:].any()


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_fused_lstm_equals_its_cells(dtype, tolerance):
    lstm = SteppedLSTM(5, 16, 2).to(dtype)
    x = torch.randn(3, 200, 5, dtype=dtype)
    states = lstm.start(x)
    stepped = torch.stack([lstm.step(frame, states) for frame in x.unbind(1)], 1)
    torch.testing.assert_close(lstm(x)[0], stepped, atol=tolerance, rtol=0)


def test_frames_repeat_their_token_and_unspoken_tokens_have_none():
    durations = torch.tensor([[2, 0, 3, 1], [1, 4, 0, 0]])
    x = torch.arange(8.0).view(2, 4, 1)
    index = frame_index(durations, 6)
    for row in range(2):
        expected = x[row].repeat_interleave(durations[row], 0)
        assert torch.equal(take(x, index)[row, : len(expected)], expected)
    position = position_in_token(durations, index)
    assert position[0, :, 0].tolist() == pytest.approx([0, 1 / 2, 0, 1 / 3, 2 / 3, 0])
    assert ((position >= 0) & (position <= 1)).all(), "behind an utterance's end too"


def test_a_sentence_vector_is_the_first_and_the_last_true_state():
    states = torch.arange(12.0).view(2, 3, 2)
    assert first_and_last(states, torch.tensor([3, 1])).tolist() == [[0, 1, 4, 5], [6, 7, 6, 7]]


def test_a_mean_is_over_what_is_there():
    values = torch.tensor([[[1.0, 3.0], [100.0, 100.0]], [[5.0, 5.0], [7.0, 7.0]]])
    mask = mask_of([1, 2], 2)
    assert mean_of_valid(values, mask) == pytest.approx((1 + 3 + 5 + 5 + 7 + 7) / 6)


def test_the_prenet_drops_in_synthesis_too_and_follows_its_generator():
    prenet = Prenet(6, 40).eval()
    x = torch.randn(2, 6)
    first, again, other = (prenet(x, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_sentence_is_given_its_own_draws_in_any_batch():
    prenet, x = Prenet(6, 40).eval(), torch.randn(3, 6)

    def seeded(*seeds: int) -> list[torch.Generator]:
        return [torch.Generator().manual_seed(seed) for seed in seeds]

    together = prenet(x, seeded(1, 2, 3))
    alone = prenet(x[1:2], seeded(2))
    assert torch.equal(together[1:2] == 0, alone == 0)
    torch.testing.assert_close(together[1:2], alone)
