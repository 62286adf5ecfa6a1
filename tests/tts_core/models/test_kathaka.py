"""Kathaka's equations, and what each of its three stages may touch."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.distributions import Normal
from torch.distributions import kl_divergence as oracle_kl

from intone.errors import UserError
from tts_core.config import load_recipe
from tts_core.models.batch import collate
from tts_core.models.kathaka import Kathaka, kl_weight
from tts_core.models.latent import (
    Gaussian,
    active_units,
    best_constant_sampler,
    effective_units,
    kl_divergence,
    kl_per_dimension,
    moment_matched,
    standard_normal,
    with_free_bits,
)
from tts_core.models.mode import TEXT
from tts_core.models.reference_encoder import ReferenceEncoder
from tts_core.models.sampler_stage import FORWARD, neighbours_sampler, sampler_losses
from tts_core.training.stage_loss import StageLoss

SAMPLERS = ("bert", "graph", "bert+graph")
LEARN, NEW = slice(180), slice(180, 240)


@pytest.fixture
def build(sizes, facts, text_context):
    """Return build(sampler, finetune), which makes a tiny Kathaka."""

    def make(sampler="bert+graph", finetune=False, **widths):
        context = text_context(finetune) if "bert" in sampler else None
        return Kathaka(sizes("kathaka", sampler=sampler, **widths), facts, context).eval()

    return make


@pytest.fixture
def rows(utterance):
    return [utterance(1, 5), utterance(2, 9)]


def gaussians(*shape):
    return Gaussian(torch.randn(*shape), torch.randn(*shape))


def batch_of(rows):
    return collate([r.encoded for r in rows], rows, range(len(rows)))


# Equations


def test_kl_is_the_closed_form_of_equation_3():
    p, q = gaussians(5, 6), gaussians(5, 6)
    distributions = [Normal(g.mean, (0.5 * g.log_variance).exp()) for g in (p, q)]
    torch.testing.assert_close(kl_divergence(p, q), oracle_kl(*distributions).sum(-1))
    assert kl_divergence(p, p).abs().max() < 1e-6
    assert not torch.allclose(kl_divergence(p, q), kl_divergence(q, p))
    prior = standard_normal(p.mean)
    expected = oracle_kl(distributions[0], Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(kl_divergence(p, prior), expected)


def test_kl_is_per_utterance_whatever_shares_the_batch(build, rows):
    model = build()
    with torch.no_grad():
        alone = [model.acoustic_loss(batch_of([r]))["kl"] for r in rows]
        together = model.acoustic_loss(batch_of(rows))["kl"]
    torch.testing.assert_close(together, (alone[0] + alone[1]) / 2, atol=1e-5, rtol=1e-5)


def test_sampler_loss_runs_from_the_sampler_to_the_posterior(build, rows):
    model, batch, posterior = build(), batch_of(rows), gaussians(2, 4)
    with torch.no_grad():
        loss = sampler_losses(model.sampler(batch), posterior)["sampler_kl"]
        sampler = model.sampler(batch)
    torch.testing.assert_close(loss, kl_divergence(sampler, posterior).mean())


def test_the_forward_kl_runs_from_the_posterior_to_the_sampler():
    sampled, posterior = gaussians(5, 6), gaussians(5, 6)
    parts = sampler_losses(sampled, posterior, FORWARD)
    q, s = (Normal(g.mean, (0.5 * g.log_variance).exp()) for g in (posterior, sampled))
    torch.testing.assert_close(parts["forward_kl"], oracle_kl(q, s).sum(-1).mean())
    torch.testing.assert_close(parts["sampler_kl"], oracle_kl(s, q).sum(-1).mean())
    stages = load_recipe("kathaka_forward_kl_compact").stages
    assert stages[2].sampler_kl == FORWARD


def test_neighbours_know_the_session_and_a_constant_does_not(utterance):
    """Three sessions of 30 recordings, whose texts say nothing of them."""
    rows = [replace(utterance(i, 1), utterance=f"u{i:02}", text=f"text {i}") for i in range(90)]
    offsets = torch.randn(3, 4).repeat_interleave(30, 0)
    mean = offsets + 0.05 * torch.randn(90, 4)
    posteriors = [Gaussian(m[None], torch.full((1, 4), -5.0)) for m in mean]
    held = list(range(4, 90, 10))
    learnt = [i for i in range(90) if i not in held]
    train, known = [rows[i] for i in learnt], [posteriors[i] for i in learnt]
    judged = Gaussian(mean[held], torch.full((9, 4), -5.0))
    constant = best_constant_sampler(Gaussian(mean[learnt], torch.full((81, 4), -5.0)))
    near = neighbours_sampler(known, train, [rows[i] for i in held])
    constant_kl, near_kl = (kl_divergence(s, judged).mean() for s in (constant, near))
    assert near_kl < 0.4 * constant_kl
    # Other readings of the same text would tell of the text: they are passed over.
    same = [replace(row, text="Text 4!") for row in train]
    none = neighbours_sampler(known, same, [rows[4]])
    torch.testing.assert_close(none.mean[0], constant.mean)


def test_free_bits_leave_a_dimension_alone_below_the_floor():
    """Kingma et al. 2016: sum_i max(mean KL_i, floor)."""
    mean = torch.tensor([[0.1, 3.0], [0.3, 1.0]], requires_grad=True)
    posterior = Gaussian(mean, torch.zeros(2, 2))
    terms = kl_per_dimension(posterior, standard_normal(mean))
    term = with_free_bits(terms, 0.5)
    # The KL of N(m, 1) is m^2 / 2: 0.025 nats on average, and 2.5.
    torch.testing.assert_close(term, torch.tensor(0.5 + 2.5))
    term.backward()
    assert not mean.grad[:, 0].any()
    torch.testing.assert_close(mean.grad[:, 1], torch.tensor([1.5, 0.5]))


def test_free_bits_take_the_weight_of_the_kl_which_is_still_logged(build, rows):
    model, batch = build("graph"), batch_of(rows)
    recipe = load_recipe("kathaka_compact", {"stages.1.free_bits": 2.0})
    stage = model.stages(recipe.stages)[1]
    weights = stage.weights(3000)
    with torch.no_grad():
        torch.manual_seed(1)
        parts = stage.loss(batch, {})
        torch.manual_seed(1)
        plain = model.acoustic_loss(batch)
    assert (weights["free_bits_kl"], weights["kl"]) == (recipe.stages[1].kl_weight, 0)
    assert parts["kl"] == plain["kl"] < parts["free_bits_kl"] == 4 * 2.0


@pytest.mark.parametrize("forward", [False, True])
def test_best_constant_sampler_is_what_optimisation_finds(forward):
    posteriors = Gaussian(torch.randn(200, 3).double(), torch.randn(200, 3).double())
    mean = torch.zeros(3).double().requires_grad_()
    log_variance = torch.zeros(3).double().requires_grad_()
    optimizer = torch.optim.LBFGS(
        [mean, log_variance], max_iter=500, tolerance_grad=1e-12, tolerance_change=1e-16
    )

    def cost():
        optimizer.zero_grad()
        pair = Gaussian(mean, log_variance), posteriors
        loss = kl_divergence(*reversed(pair) if forward else pair).mean()
        loss.backward()
        return loss

    optimizer.step(cost)
    best = (moment_matched if forward else best_constant_sampler)(posteriors)
    torch.testing.assert_close(best.mean, mean.detach(), atol=1e-5, rtol=0)
    torch.testing.assert_close(best.log_variance, log_variance.detach(), atol=1e-5, rtol=0)


def test_a_unit_is_active_when_its_posterior_mean_varies():
    means = torch.randn(4000, 3) * torch.tensor([1.0, 0.11, 0.09]) + 5
    assert active_units(means) == 2
    assert active_units(torch.ones(10, 3)) == 0


def test_effective_units_count_directions_whatever_their_scale():
    line = torch.randn(1000, 1) @ torch.randn(1, 5)
    ball = torch.randn(1000, 5)
    ball = torch.linalg.qr(ball - ball.mean(0)).Q
    for scale in (1e-3, 1.0, 1e3):
        assert effective_units(scale * line + 5 * scale) == pytest.approx(1, rel=1e-4)
        assert effective_units(scale * ball) == pytest.approx(5, rel=1e-4)
    assert effective_units(torch.full((1000, 5), 0.1)) == 0


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (24_800, 0),
        (25_000, 0),
        (87_400, 0.4992),
        (87_401, 0),
        (150_000, 1),
        (299_800, 1),
    ],
)
def test_annealing_as_published(step, expected):
    """Weight 0 to 1 between 25,000 and 150,000, once in 200 steps."""
    weight = kl_weight(step, load_recipe("kathaka").stages[1])
    assert weight == pytest.approx(expected, abs=1e-3)


def test_annealing_that_ends_before_it_starts_is_refused():
    with pytest.raises(UserError, match="kl_start must not be larger than kl_end"):
        load_recipe("kathaka", {"stages.1.kl_start": 0.5, "stages.1.kl_end": 0.1})


def test_a_constant_kl_weight_is_an_option():
    recipe = load_recipe("kathaka_constant_kl")
    assert {kl_weight(step, recipe.stages[1]) for step in (0, 1, 7, 299_999)} == {1e-5}


# Modules


@pytest.mark.parametrize("channel", [0, 2])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_sentence_beside_a_longer_one_stays_the_same(build, rows, sampler, channel):
    model = build(sampler, channel=channel)
    with torch.no_grad():
        answers = []
        for batch in (batch_of(rows[:1]), batch_of(rows)):
            posterior, sampled = model.posterior(batch), model.sampler(batch)
            z = posterior.mean
            answers.append((*posterior, *sampled, model(batch, z), model.duration_model(batch, z)))
    for alone, together in zip(*answers, strict=True):
        inside = together[0] if alone.dim() == 2 and alone.shape[1] == 4 else None
        inside = together[0, : alone.shape[1]] if inside is None else inside
        torch.testing.assert_close(inside, alone[0], atol=1e-5, rtol=0)


@pytest.mark.parametrize("n_frames", [1, 2, 63, 64, 65])
def test_reference_encoder_takes_any_length_and_reads_all_of_it(n_frames):
    encoder = ReferenceEncoder(80, 8, 4).eval()
    lengths = torch.tensor([n_frames, 70])
    mel = torch.randn(2, 70, 80, requires_grad=True)
    posterior = encoder(mel, torch.arange(70) < lengths[:, None], lengths)
    assert posterior.mean.shape == (2, 4)
    posterior.mean[0].sum().backward()
    heard = mel.grad[0].abs().sum(-1) > 0
    assert heard[:n_frames].all()
    assert not heard[n_frames:].any()


def test_every_frame_hears_the_latent_and_it_gets_its_gradient_from_them(build, rows):
    model, batch = build(), batch_of(rows)
    z = torch.zeros(2, 4, requires_grad=True)
    predicted = model(batch, z)
    for frame in (0, 5, len(rows[0].mel) - 1):
        (gradient,) = torch.autograd.grad(predicted[0, frame].sum(), z, retain_graph=True)
        assert gradient[0].abs().min() > 0
        assert not gradient[1].any(), "the other sentence's latent"


def test_a_channel_changes_the_latent_only_without_a_channel_vector(build, rows):
    """A constant per bin: level, microphone, room."""
    batch = batch_of(rows)
    filtered = replace(batch, mel=batch.mel + 2 * torch.randn(80))
    for channel in (0, 2):
        model = build("graph", channel=channel)
        heads = model.reference_encoder.mean, model.reference_encoder.log_variance
        for head in heads:
            head.weight.data *= 20
        with torch.no_grad():
            before, after = model.posterior(batch), model.posterior(filtered)
        changes = [float((a - b).abs().max()) for a, b in zip(before, after, strict=True)]
        assert max(changes) < 1e-4 if channel else min(changes) > 1e-2, channel


def test_the_recordings_channel_is_heard_in_training_and_the_mean_channel_in_synthesis(build, rows):
    model, batch = build("graph", channel=2), batch_of(rows)
    z, durations = torch.randn(2, 4), batch.durations
    with torch.no_grad():
        forced = model(batch, z), model.teacher_forced(batch)
        said = model.synthesize(batch, prosody=z)
        decoded = model.decode(batch, said.durations, z)
        given = model.decode(batch, durations, z)
        model.channel.weight.zero_()
        neutral = model(batch, z), model.teacher_forced(batch)
    assert not any(map(torch.allclose, forced, neutral))
    torch.testing.assert_close(said.mel, decoded)
    with torch.no_grad():
        torch.testing.assert_close(model.decode(batch, durations, z), given)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_training_starts_at_the_best_constant(build, rows, sampler):
    model = build(sampler)
    constant = best_constant_sampler(gaussians(20, 4))
    model.sampler.start_at(constant)
    with torch.no_grad():
        said = model.sampler(batch_of(rows))
    for part, expected in zip(said, constant, strict=True):
        torch.testing.assert_close(part, expected.expand_as(part))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_one_word_one_leaf_and_a_hundred_word_pieces(build, utterance, sampler):
    one = utterance(1, 1).encoded
    one = replace(
        one, node_labels=np.array([3, 4]), node_parents=np.array([-1, 0]), leaves=np.array([1])
    )
    long = replace(
        one,
        pieces=np.concatenate([[1], np.full(100, 7), [2]]),
        piece_unit=np.concatenate([[-1], np.zeros(100, np.int64), [-1]]),
    )
    model = build(sampler)
    for encoded in (one, long):
        output = model.synthesize(collate([encoded]))
        assert torch.isfinite(output.mel).all()
        assert output.mel.shape[1] == output.durations.sum() > 0


# Stages


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("finetune", [False, True])
def test_gradients_reach_what_a_stage_trains_and_nothing_else(build, rows, sampler, finetune):
    model, batch = build(sampler, finetune, channel=2), batch_of(rows)
    cached = {"posterior": [gaussians(1, 4)] * 2, "sampler": [gaussians(1, 4)] * 2}
    stages = model.stages(load_recipe("kathaka_demo").stages)
    trained = {
        1: {"encoder", "decoder", "reference_encoder", "channel"},
        2: {"sampler"},
        3: {"duration_model"},
    }
    unused = ("pooler",)  # BERT's head for next-sentence prediction, which nothing here reads
    for number, expected in trained.items():
        loss = StageLoss(model, stages[number]).train()
        model.zero_grad(set_to_none=True)
        sum(loss(batch, cached).values()).backward()
        for name, parameter in model.named_parameters():
            frozen = ".context.encoder." in name and not finetune
            if name.split(".")[0] in expected and not frozen:
                if not any(word in name for word in unused):
                    assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name
            else:
                assert parameter.grad is None, name


def test_stage_3_learns_from_samples_of_the_frozen_sampler(build, rows):
    """Section 3.4: z_pred ~ N(mu_pred, sigma_pred^2), another in every step."""
    model, batch = build(), batch_of(rows)
    narrow = Gaussian(torch.zeros(2, 4), torch.full((2, 4), -40.0))
    wide = Gaussian(torch.zeros(2, 4), torch.full((2, 4), 2.0))
    with torch.no_grad():
        same = {float(model.duration_loss(batch, narrow)["duration"]) for _ in range(5)}
        other = {float(model.duration_loss(batch, wide)["duration"]) for _ in range(5)}
    assert max(same) - min(same) < 1e-6
    assert len(other) == 5


def test_oracle_durations_follow_the_latent_of_the_recording(build, rows):
    model, batch = build(), batch_of(rows)
    z = model.oracle_prosody(batch)
    torch.testing.assert_close(z, model.posterior(batch).mean)
    output = model.synthesize(batch, prosody=z)
    assert torch.equal(output.durations, model.duration_model.predict(batch, z))


def test_temperature_and_several_samples_of_one_sentence(build, rows):
    model, batch = build(), batch_of(rows)
    mean, deviation = model.sampler(batch).mean, (0.5 * model.sampler(batch).log_variance).exp()
    prosodies = (model.prosody(batch, TEXT), mean)
    said = [model.synthesize(batch, prosody=prosody).mel for prosody in prosodies]
    torch.testing.assert_close(*said, atol=1e-4, rtol=0)
    draw, half = (_draws(model.sampler(batch), temperature) for temperature in (1.0, 0.5))
    assert draw.shape == (2000, 2, 4)
    torch.testing.assert_close(draw.mean(0), mean, atol=0.2, rtol=0)
    torch.testing.assert_close(draw.std(0) / deviation, torch.ones(2, 4), atol=0.1, rtol=0)
    torch.testing.assert_close(half - mean, 0.5 * (draw - mean))
    assert not torch.equal(*(model.synthesize(batch, prosody=z).mel for z in draw[:2]))


def _draws(sampler, temperature: float) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.stack([sampler.sample(temperature, generator) for _ in range(2000)])


def test_one_batch_is_overfitted(build, utterance):
    rows = [utterance(1, 2), utterance(2, 3)]
    model, batch = build("graph", decoder=64, encoder=32).train(), batch_of(rows)
    optimizer = torch.optim.Adam(model.parameters(), lr=8e-3)
    for _ in range(120):
        with torch.no_grad():
            posterior, sampler = model.posterior(batch), model.sampler(batch)
        losses = {
            **model.acoustic_loss(batch),
            **sampler_losses(model.sampler(batch), posterior),
            **model.duration_loss(batch, sampler),
        }
        optimizer.zero_grad()
        (sum(losses.values()) - losses["kl"] * (1 - 1e-5)).backward()
        optimizer.step()
    assert losses["mel"] < 0.1
    assert losses["duration"] < 0.2
    assert losses["sampler_kl"] < 1


# What a sampler is worth: check 5 of the specification


def texts_and_posteriors(utterance, reads):
    """Return latents that depend on the text: 180 training, 60 new."""
    table = torch.randn(12, 4, generator=torch.Generator().manual_seed(1)) * 2
    texts = []
    for number in range(240):
        text = utterance(number, 5).encoded
        pieces = np.concatenate([[1], 5 + text.pieces[1:-1] % 12, [2]])
        texts.append(replace(text, pieces=pieces, node_labels=1 + text.node_labels % 12))
    codes = [t.pieces[1:-1] - 5 if reads == "bert" else t.node_labels[t.leaves] - 1 for t in texts]
    mean = torch.stack([table[torch.from_numpy(code)].mean(0) for code in codes])
    posteriors = Gaussian(mean, torch.full_like(mean, -3.0))
    train, new = (Gaussian(*(part[rows] for part in posteriors)) for rows in (LEARN, NEW))
    return collate(texts[LEARN]), train, collate(texts[NEW]), new


def held_out_kl(model, utterance, reads, steps):
    """Return KL of a trained sampler and of a constant, nats."""
    batch, posteriors, new_batch, new = texts_and_posteriors(utterance, reads)
    constant = best_constant_sampler(posteriors)
    model.sampler.start_at(constant)
    optimizer = torch.optim.Adam(model.sampler.parameters(), lr=1e-2)
    for _ in range(steps):
        optimizer.zero_grad()
        sampler_losses(model.sampler(batch), posteriors)["sampler_kl"].backward()
        optimizer.step()
    with torch.no_grad():
        kl = sampler_losses(model.sampler(new_batch), new)["sampler_kl"]
    return float(kl), float(kl_divergence(constant, new).mean())


@pytest.mark.parametrize(
    ("sampler", "reads", "finetune"),
    [
        ("bert", "bert", False),
        ("bert", "bert", True),
        ("graph", "graph", False),
        ("bert+graph", "bert", False),
        ("bert+graph", "graph", False),
    ],
)
def test_a_sampler_beats_the_best_constant_on_new_text(build, utterance, sampler, reads, finetune):
    kl, constant_kl = held_out_kl(build(sampler, finetune), utterance, reads, 60)
    assert kl < 0.7 * constant_kl


@pytest.mark.parametrize(("sampler", "reads"), [("graph", "bert"), ("bert", "graph")])
def test_a_sampler_that_does_not_read_it_does_not(build, utterance, sampler, reads):
    kl, constant_kl = held_out_kl(build(sampler), utterance, reads, 60)
    assert kl > 0.9 * constant_kl
