"""What the papers promise of the models, and what usually breaks in other implementations."""

import numpy as np
import pytest
import torch
from torch.distributions import Normal
from torch.distributions import kl_divergence as oracle_kl

from tts_core.models.batch import collate
from tts_core.models.blocks import MaskedBatchNorm
from tts_core.models.camp import CAMP
from tts_core.models.durations import DurationScale, whole_frames
from tts_core.models.graph import GraphAttention
from tts_core.models.kathaka import Gaussian, Kathaka, ReferenceEncoder, kl_divergence
from tts_core.models.ntts import NTTS
from tts_core.models.prosody_predictor import ProsodyPredictor


def build(system, sizes, facts):
    config = sizes(system)
    if system == "ntts":
        return NTTS(config, facts)
    if system == "kathaka":
        return Kathaka(config, facts, None)
    return CAMP(config, facts, ProsodyPredictor(config, facts, None))


def alone_and_together(utterance):
    rows = [utterance(1, 5), utterance(2, 9)]
    return collate([rows[0].encoded], rows[:1]), collate([r.encoded for r in rows], rows)


@pytest.mark.parametrize("system", ["ntts", "kathaka"])
def test_padding_changes_nothing(system, sizes, facts, utterance):
    model = build(system, sizes, facts).eval()
    alone, together = alone_and_together(utterance)
    with torch.no_grad():
        if system == "ntts":
            one, both = model(alone), model(together)
            lengths = [model.duration_model(b) for b in (alone, together)]
        else:
            posteriors = [model.posterior(b).mean for b in (alone, together)]
            samplers = [model.sampler(b).mean for b in (alone, together)]
            torch.testing.assert_close(posteriors[0][0], posteriors[1][0])
            torch.testing.assert_close(samplers[0][0], samplers[1][0])
            one, both = (model(b, p) for b, p in zip((alone, together), posteriors, strict=True))
            lengths = [
                model.duration_model(b, p)
                for b, p in zip((alone, together), posteriors, strict=True)
            ]
    n_tokens, n_frames = alone.tokens.shape[1], alone.n_frames
    torch.testing.assert_close(one[0], both[0, :n_frames], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(lengths[0][0], lengths[1][0, :n_tokens], atol=1e-5, rtol=1e-4)


def test_batch_statistics_ignore_padding():
    norm = MaskedBatchNorm(3).train()
    x = torch.randn(2, 3, 7)
    mask = torch.ones(2, 1, 7, dtype=torch.bool)
    out = norm(x, mask)
    norm_padded = MaskedBatchNorm(3).train()
    longer = torch.nn.functional.pad(x, (0, 5), value=100.0)
    longer_mask = torch.nn.functional.pad(mask, (0, 5))
    torch.testing.assert_close(norm_padded(longer, longer_mask)[..., :7], out)
    torch.testing.assert_close(norm_padded.mean, norm.mean)
    oracle = torch.nn.BatchNorm1d(3).train()(x)
    torch.testing.assert_close(out, oracle)


def test_teacher_forcing_equals_stepping(sizes, facts):
    """Fed its own output, the fused decoder gives what the stepped one generated."""
    model = NTTS(sizes("ntts"), facts).eval()
    condition = torch.randn(2, 11, 17)
    with torch.no_grad():
        generated = model.decoder.generate(condition)
        forced = model.decoder(condition, generated)
    torch.testing.assert_close(forced, generated, atol=1e-5, rtol=1e-4)


def test_decoder_never_sees_the_frame_it_predicts(sizes, facts):
    decoder = NTTS(sizes("ntts"), facts).eval().decoder
    mel = torch.randn(1, 8, 80, requires_grad=True)
    decoder(torch.randn(1, 8, 17), mel)[0, 4].sum().backward()
    gradient = mel.grad[0].abs().sum(-1)
    assert (gradient[4:] == 0).all()
    assert (gradient[:4] > 0).all()


def test_kl_is_the_closed_form_of_equation_3():
    p, q = (Gaussian(torch.randn(5, 6), torch.randn(5, 6)) for _ in range(2))
    distributions = [Normal(g.mean, (0.5 * g.log_variance).exp()) for g in (p, q)]
    torch.testing.assert_close(kl_divergence(p, q), oracle_kl(*distributions).sum(-1))
    assert kl_divergence(p, p).abs().max() < 1e-6
    assert not torch.allclose(kl_divergence(p, q), kl_divergence(q, p))


def test_best_constant_sampler_is_the_precision_weighted_mean():
    """models.md 3.3: for a constant sampler s^2 = 1 / E[1 / s_o^2], m = E[m_o / s_o^2] s^2."""
    posterior = Gaussian(torch.randn(200, 3), torch.randn(200, 3))
    precision = (-posterior.log_variance).exp()
    variance = 1 / precision.mean(0)
    mean = (posterior.mean * precision).mean(0) * variance

    def cost(mean, log_variance):
        constant = Gaussian(mean.expand(200, 3), log_variance.expand(200, 3))
        return kl_divergence(constant, posterior).mean()

    best = cost(mean, variance.log())
    for shift in (0.05, -0.05):
        assert cost(mean + shift, variance.log()) > best
        assert cost(mean, variance.log() + shift) > best


def test_graph_attention_equals_torch_geometric():
    geometric = pytest.importorskip("torch_geometric.nn")
    ours, oracle = GraphAttention(6, 5), geometric.GATConv(6, 5, heads=1)
    with torch.no_grad():
        oracle.lin.weight.copy_(ours.weight.weight)
        oracle.att_dst.copy_(ours.attend_to.weight.view(1, 1, 5))
        oracle.att_src.copy_(ours.attend_from.weight.view(1, 1, 5))
        ours.bias.uniform_(-1, 1)
        oracle.bias.copy_(ours.bias)
    edges = torch.tensor([[0, 1, 0, 2, 1, 3], [1, 0, 2, 0, 3, 1]])
    adjacency = torch.eye(4, dtype=torch.bool)
    adjacency[edges[0], edges[1]] = True
    nodes = torch.randn(4, 6)
    torch.testing.assert_close(ours(nodes[None], adjacency[None])[0], oracle(nodes, edges))


def test_durations_are_normalised_per_group_and_come_back_whole():
    scale = DurationScale(torch.tensor([8.0, 20.0, 1.0]), torch.tensor([3.0, 10.0, 2.0]))
    frames = torch.tensor([[8, 30, 0]])
    groups = torch.tensor([[0, 1, 2]])
    normal = scale.normalise(frames.float(), groups)
    assert normal.tolist() == [[0.0, 1.0, -0.5]]
    mask = torch.ones(1, 3, dtype=torch.bool)
    assert scale.to_frames(normal, groups, mask, 1.0).tolist() == [[8, 30, 0]]
    assert scale.to_frames(normal, groups, mask, 2.0).tolist() == [[4, 15, 0]]
    least = whole_frames(torch.tensor([[-3.0, -3.0, -3.0]]), groups, mask)
    assert least.tolist() == [[1, 0, 0]]


@pytest.mark.parametrize("n_frames", [1, 2, 63, 64, 65])
def test_reference_encoder_takes_any_length(n_frames):
    encoder = ReferenceEncoder(80, 8, 4).eval()
    lengths = torch.tensor([n_frames, 70])
    mask = torch.arange(70) < lengths[:, None]
    posterior = encoder(torch.randn(2, 70, 80), mask, lengths)
    assert posterior.mean.shape == (2, 4)
    assert torch.isfinite(posterior.log_variance).all()


@pytest.mark.parametrize("system", ["ntts", "kathaka", "camp"])
def test_synthesis_needs_text_alone_and_follows_its_seed(system, sizes, facts, utterance):
    model = build(system, sizes, facts).eval()
    batch = collate([utterance(4).encoded])

    def say(seed):
        return model.synthesize(batch, torch.Generator().manual_seed(seed))

    first, again, other = say(1), say(1), say(2)
    assert torch.equal(first.mel, again.mel)
    assert first.mel.shape[1] == first.durations.sum()
    if system == "kathaka":
        assert first.mel.shape != other.mel.shape or not torch.equal(first.mel, other.mel)
        mean = [model.synthesize(batch, temperature=0).mel for _ in range(2)]
        assert torch.equal(*mean)


def test_masks_match_the_lengths(utterance):
    rows = [utterance(1, 5), utterance(2, 9)]
    batch = collate([r.encoded for r in rows], rows)
    assert batch.frame_mask.sum(1).tolist() == [len(r.mel) for r in rows]
    assert batch.token_mask.sum(1).tolist() == [len(r.encoded.tokens) for r in rows]
    neighbours = batch.adjacency[1]
    assert torch.equal(neighbours, neighbours.T)
    n_nodes = len(rows[1].encoded.node_labels)
    # A tree of n nodes has n - 1 undirected edges; the diagonal is the self-loops.
    assert np.triu(neighbours.numpy(), 1).sum() == n_nodes - 1
