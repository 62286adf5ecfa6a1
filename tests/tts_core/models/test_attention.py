"""Location-sensitive attention and the Tacotron 2 around it."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tts_core.models.attention import (
    LocationSensitiveAttention,
    attended_frames,
    coverage,
    diagonality,
    guided_attention_loss,
    stop_loss,
)
from tts_core.models.batch import collate
from tts_core.models.ntts_attention import LONGEST, NTTSAttention, resampled


@pytest.fixture
def model(sizes, facts):
    def make(**changes) -> NTTSAttention:
        return NTTSAttention(sizes("ntts_attention", **changes), facts).eval()

    return make


def speaks_for_ever(model: NTTSAttention) -> NTTSAttention:
    with torch.no_grad():
        model.decoder.stop.bias.fill_(-100)
    return model


def test_energies_are_those_of_shen_and_chorowski():
    """Shen et al. 2018.

    e_i = v^T tanh(W s + V h_i + U f_i + b), f = F * the sum of all earlier weights.
    """
    attention = LocationSensitiveAttention(6, 5, units=7, filters=3, kernel=5)
    memory, queries = torch.randn(2, 9, 6), torch.randn(4, 2, 5)
    state = attention.start(memory, torch.ones(2, 9, dtype=torch.bool))
    earlier = torch.zeros(2, 9)
    for query in queries:
        f = F.conv1d(earlier[:, None], attention.filters.weight[:, None], padding=2).transpose(1, 2)
        inner = attention.query(query)[:, None] + attention.memory(memory) + attention.location(f)
        expected = attention.score(torch.tanh(inner))[..., 0].softmax(-1)
        context, weights = attention.step(query, state)
        torch.testing.assert_close(weights, expected)
        torch.testing.assert_close(context, torch.einsum("bn,bnd->bd", expected, memory))
        earlier = earlier + expected


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
@pytest.mark.parametrize("n_phones", [4, 30])
@pytest.mark.parametrize(("reduction", "layers"), [(1, 2), (3, 4)])
def test_stepping_equals_teacher_forcing(model, dtype, tolerance, n_phones, reduction, layers):
    """The fused pass repeats frames, stop logits and attention.

    With 4 phones there are fewer phones than channels and synthesis projects them beforehand.
    """
    decoder = speaks_for_ever(model(reduction=reduction, decoder_layers=layers)).decoder.to(dtype)
    memory = torch.randn(2, n_phones, 16, dtype=dtype)
    mask = torch.arange(n_phones) < torch.tensor([[n_phones], [n_phones - 2]])
    with torch.no_grad():
        made, lengths, stopped = decoder.generate(memory, mask, torch.tensor([12, 12]))
        forced = decoder(memory, mask, made.mel)
    assert lengths.tolist() == [12, 12]
    assert not stopped.any()
    for ours, theirs in zip(made, forced, strict=True):
        torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("reduction", [1, 2])
def test_padding_changes_nothing(model, utterance, reduction):
    system = model(reduction=reduction)
    rows = [utterance(1, 4), utterance(2, 8)]
    alone = collate([rows[0].encoded], rows[:1])
    together = collate([r.encoded for r in rows], rows)
    with torch.no_grad():
        (one, after), (both, both_after) = system(alone), system(together)
        said, said_both = (speaks_for_ever(system).synthesize(b) for b in (alone, together))
    frames, tokens = alone.n_frames, alone.tokens.shape[1]
    steps = -(-frames // reduction)
    for a, b in [
        (one.mel[0], both.mel[0, :frames]),
        (after[0], both_after[0, :frames]),
        (one.stop[0], both.stop[0, :frames]),
        (one.weights[0], both.weights[0, :steps, :tokens]),
        (said.mel[0], said_both.mel[0, : said.mel.shape[1]]),
        (said.durations[0], said_both.durations[0, :tokens]),
    ]:
        torch.testing.assert_close(a, b, atol=1e-5, rtol=0)
    # A loss is a mean over what is there: two readings of one sentence cost as much as one.
    twice = collate([rows[0].encoded] * 2, [rows[0]] * 2)
    for name, value in system.acoustic_loss(alone).items():
        torch.testing.assert_close(system.acoustic_loss(twice)[name], value, msg=name)


@pytest.mark.parametrize("reduction", [1, 3])
def test_no_frame_sees_itself_or_what_comes_after(model, reduction):
    decoder = model(reduction=reduction).decoder
    mel = torch.randn(1, 12, 80, requires_grad=True)
    mask = torch.ones(1, 6, dtype=torch.bool)
    decoder(torch.randn(1, 6, 16), mask, mel).mel[0, 6].sum().backward()
    seen = mel.grad[0].abs().sum(-1) > 0
    assert not seen[6:].any()
    # Of every step's frames the last is fed back.
    assert seen[:6].nonzero().flatten().tolist() == list(range(reduction - 1, 6, reduction))


def test_guided_attention_is_equation_by_equation_and_blind_to_padding():
    tokens, steps = torch.tensor([3, 5]), torch.tensor([4, 7])
    weights = torch.zeros(2, 7, 5)
    for row in range(2):
        weights[row, :, : tokens[row]] = torch.rand(7, int(tokens[row])).softmax(-1)
    total, count = 0.0, 0
    for row in range(2):
        n_total, t_total = int(tokens[row]), int(steps[row])
        for t in range(t_total):
            for n in range(n_total):
                penalty = 1 - np.exp(-((n / n_total - t / t_total) ** 2) / (2 * 0.2**2))
                total, count = total + float(weights[row, t, n]) * penalty, count + 1
    found = guided_attention_loss(weights, tokens, steps)
    assert float(found) == pytest.approx(total / count, rel=1e-5)
    padded = F.pad(weights, (0, 3, 0, 4), value=0.0)
    padded[:, 7:] = 1.0
    assert float(guided_attention_loss(padded, tokens, steps)) == pytest.approx(float(found))


def test_diagonal_attention_is_distinguished_from_failure():
    tokens, steps = torch.tensor([10] * 3), torch.tensor([30] * 3)
    diagonal = torch.eye(10).repeat_interleave(3, 0)
    stuck = torch.zeros(30, 10)
    stuck[:, 4] = 1
    weights = torch.stack([diagonal, diagonal.flip(0), stuck])
    straight, backwards, still = diagonality(weights, tokens, steps).tolist()
    assert straight == 1
    assert max(backwards, still) < 0.45
    durations = attended_frames(weights, torch.tensor([30, 30, 29]), 1)
    assert durations[0].tolist() == [3] * 10
    assert durations.sum(1).tolist() == [30, 30, 29]
    phones = torch.arange(10).expand(3, 10) > 0
    assert coverage(durations, phones).tolist() == pytest.approx([1.0, 1.0, 1 / 9])


def test_the_stop_token_is_true_at_the_last_frame_alone():
    logits = torch.tensor([[-50.0, -50.0, 50.0, 50.0], [-50.0, 50.0, 9.0, 9.0]])
    assert stop_loss(logits, torch.tensor([3, 2]), 10.0) < 1e-6
    late = stop_loss(logits, torch.tensor([4, 4]), 10.0)
    assert late > 1, "frames that end too early cost"


def test_synthesis_ends_with_the_stop_token_or_reports_its_absence(model, utterance):
    batch = collate([utterance(1, 4).encoded, utterance(2, 8).encoded])
    system = model(reduction=2)
    with torch.no_grad():
        system.decoder.stop.bias.copy_(torch.tensor([-100.0, 100.0]))
    output = system.synthesize(batch)
    assert output.durations.sum(1).tolist() == [2, 2]
    assert output.attention.stopped.all()
    runaway = speaks_for_ever(system).synthesize(batch)
    assert not runaway.attention.stopped.any()
    expected = (system.duration_mean[batch.groups] * batch.token_mask).sum(1) * LONGEST
    assert runaway.durations.sum(1).tolist() == expected.ceil().tolist()
    assert runaway.mel.shape[1] == runaway.durations.sum(1).max()


def test_sentence_of_one_word_can_be_synthesized(model, utterance):
    batch = collate([utterance(3, 1).encoded])
    output = speaks_for_ever(model(reduction=2)).synthesize(batch)
    assert output.mel.shape[1] == output.durations.sum() > 0
    assert output.mel.isfinite().all()


def test_a_rate_changes_the_time_and_nothing_else(model, utterance):
    ramp = torch.arange(12.0).view(1, 12, 1).expand(1, 12, 80)
    durations = torch.tensor([[3, 0, 4, 5]])
    fast, halved = resampled(ramp, durations, 2.0)
    assert fast[0, :, 0].tolist() == [0, 2, 4, 6, 8, 10]
    assert halved.sum() == 6
    slow, longer = resampled(ramp, durations, 0.5)
    assert slow[0, 1:4, 0].tolist() == [0.5, 1.0, 1.5]
    assert longer.tolist() == [[6, 0, 8, 10]]
    # Beside a longer sentence the last frame is not mixed with the padding behind it.
    beside = F.pad(ramp, (0, 0, 0, 8), value=-50.0).repeat(2, 1, 1)
    both, _ = resampled(beside, torch.tensor([[3, 0, 4, 5], [3, 0, 4, 13]]), 0.5)
    assert torch.equal(both[0, :24], slow[0])
    system = speaks_for_ever(model())
    output = system.synthesize(collate([utterance(1).encoded]), rate=1.7)
    assert output.durations.sum() == output.mel.shape[1]


@pytest.mark.slow
def test_one_batch_is_overfitted_and_its_attention_is_diagonal(sizes, facts, utterance):
    """Only attention knows the next phone: spectrograms are constant within phones."""
    torch.manual_seed(1)
    config = sizes("ntts_attention", decoder=48, encoder=32, embedding=32, attention=32, prenet=32)
    system = NTTSAttention(config, facts).train()
    rows = [utterance(i, 3) for i in range(2)]
    batch = collate([r.encoded for r in rows], rows)
    optimizer = torch.optim.Adam(system.parameters(), 2e-2)
    first = {}
    for step in range(180):
        parts = system.acoustic_loss(batch)
        if step == 0:
            first = {name: float(part.detach()) for name, part in parts.items()}
        loss = parts["mel_before"] + parts["mel"] + parts["stop"] + 10 * parts["guided_attention"]
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(system.parameters(), 1.0)
        optimizer.step()
        if step == 0:
            dead = [n for n, p in system.named_parameters() if p.grad is None or not p.grad.any()]
            # A bias ahead of batch normalisation is subtracted with the mean.
            assert all(name.endswith("bias") and ".convs." in name for name in dead), dead
    last = {name: float(part.detach()) for name, part in parts.items()}
    assert last["mel"] < 0.35 * first["mel"], (first, last)
    assert last["stop"] < 0.1
    assert last["diagonality"] > 0.9
    output = system.eval().synthesize(batch)
    assert output.attention.stopped.all()
    assert (output.durations.sum(1) - batch.frame_lengths).abs().max() <= 4
