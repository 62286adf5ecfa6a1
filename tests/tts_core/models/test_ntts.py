"""NTTS, the baseline of Kathaka, and the duration model of both."""

import numpy as np
import pytest
import torch

from tts_core.config import load_recipe
from tts_core.models.batch import collate
from tts_core.models.durations import DurationScale, whole_frames
from tts_core.models.ntts import BLOCK, NTTS, upsample
from tts_core.training.stage_loss import StageLoss


@pytest.fixture
def model(sizes, facts):
    return NTTS(sizes("ntts"), facts).eval()


@pytest.fixture
def batch(utterance):
    rows = [utterance(1, 5), utterance(2, 9)]
    return collate([r.encoded for r in rows], rows)


def test_a_sentence_beside_a_longer_one_stays_the_same(model, utterance, batch):
    row = utterance(1, 5)
    alone = collate([row.encoded], [row])
    with torch.no_grad():
        one, both = model(alone), model(batch)
        torch.testing.assert_close(both[0, : one.shape[1]], one[0], atol=1e-5, rtol=0)
        one, both = model.duration_model(alone), model.duration_model(batch)
        torch.testing.assert_close(both[0, : one.shape[1]], one[0], atol=1e-5, rtol=0)
        one, both = model.synthesize(alone), model.synthesize(batch)
    n_frames = int(one.durations.sum())
    assert torch.equal(both.durations[0, : one.durations.shape[1]], one.durations[0])
    torch.testing.assert_close(both.mel[0, :n_frames], one.mel[0], atol=1e-4, rtol=0)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_teacher_forced_equals_stepped(model, dtype, tolerance):
    """The fused decoder repeats generated frames, beyond one block too."""
    decoder = model.decoder.to(dtype)
    condition = torch.randn(2, 2 * BLOCK + 5, 17, dtype=dtype)
    with torch.no_grad():
        generated = decoder.generate(condition)
        forced = decoder(condition, generated)
    torch.testing.assert_close(forced, generated, atol=tolerance, rtol=0)


def test_the_decoder_never_sees_the_frame_it_predicts(model):
    mel = torch.randn(1, 8, 80, requires_grad=True)
    model.decoder(torch.randn(1, 8, 17), mel)[0, 4].sum().backward()
    gradient = mel.grad[0].abs().sum(-1)
    assert (gradient[4:] == 0).all()
    assert (gradient[:4] > 0).all()


def test_losses_are_means_over_what_is_there(model, utterance, batch):
    """A batch's loss weights utterances by frames or by tokens."""
    rows = [utterance(1, 5), utterance(2, 9)]
    with torch.no_grad():
        single = [collate([r.encoded], [r]) for r in rows]
        mel = np.average(
            [float(model.acoustic_loss(b)["mel"]) for b in single],
            weights=[len(r.mel) for r in rows],
        )
        duration = np.average(
            [float(model.duration_loss(b)["duration"]) for b in single],
            weights=[len(r.durations) for r in rows],
        )
        assert float(model.acoustic_loss(batch)["mel"]) == pytest.approx(mel, rel=1e-5)
        assert float(model.duration_loss(batch)["duration"]) == pytest.approx(duration, rel=1e-5)


def test_equation_1_by_hand(model, batch):
    with torch.no_grad():
        predicted = model.duration_model(batch)
        loss = float(model.duration_loss(batch)["duration"])
    scale, errors = model.duration_model.scale, []
    for row, length in enumerate(batch.token_lengths.tolist()):
        for p in range(length):
            group = int(batch.groups[row, p])
            target = (int(batch.durations[row, p]) - scale.means[group]) / scale.deviations[group]
            errors.append(float((predicted[row, p] - target) ** 2))
    assert loss == pytest.approx(np.mean(errors), rel=1e-5)


def test_durations_are_normalised_per_group_and_come_back_whole():
    scale = DurationScale(torch.tensor([8.0, 20.0, 1.0]), torch.tensor([3.0, 10.0, 2.0]))
    frames, groups = torch.tensor([[8, 30, 0]]), torch.tensor([[0, 1, 2]])
    normal = scale.normalise(frames.float(), groups)
    assert normal.tolist() == [[0.0, 1.0, -0.5]]
    mask = torch.ones(1, 3, dtype=torch.bool)
    assert scale.to_frames(normal, groups, mask, 1.0).tolist() == [[8, 30, 0]]
    assert scale.to_frames(normal, groups, mask, 2.0).tolist() == [[4, 15, 0]]
    least = whole_frames(torch.tensor([[-3.0, -3.0, -3.0]]), groups, mask)
    assert least.tolist() == [[1, 0, 0]], "a phone lasts a frame at least, a pause need not be"


def test_a_token_without_frames_is_heard_nowhere(batch):
    durations = batch.durations.clone()
    durations[:, 3] = 0
    n_frames = int(durations.sum(1).max())
    encodings = torch.randn(*durations.shape, 16, requires_grad=True)
    upsample(encodings, durations, n_frames)[:, :, :16].sum().backward()
    counts = encodings.grad[..., 0]
    # Frames behind an utterance's end repeat its batch's last token and are masked.
    assert torch.equal(counts[:, :-1].long(), durations[:, :-1])


def test_sentence_of_one_word_can_be_synthesized(model, utterance):
    output = model.synthesize(collate([utterance(3, 1).encoded]))
    assert output.mel.shape[1] == output.durations.sum() > 0
    assert torch.isfinite(output.mel).all()


def test_gradients_reach_every_trained_parameter_and_no_other(sizes, facts, batch):
    model = NTTS(sizes("ntts"), facts)
    stages = model.stages(load_recipe("ntts_demo").stages)
    trained = {1: {"encoder", "decoder"}, 2: {"duration_model"}}
    for number, expected in trained.items():
        loss = StageLoss(model, stages[number]).train()
        model.zero_grad(set_to_none=True)
        sum(loss(batch, {}).values()).backward()
        for name, parameter in model.named_parameters():
            if name.split(".")[0] in expected:
                assert parameter.grad.abs().sum() > 0, name
            else:
                assert parameter.grad is None, name


def test_one_batch_is_overfitted(sizes, facts, batch):
    model = NTTS(sizes("ntts", decoder=64, encoder=32), facts)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(250):
        losses = {**model.acoustic_loss(batch), **model.duration_loss(batch)}
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
    assert losses["mel"] < 0.1
    assert losses["duration"] < 0.1
    model.eval()
    with torch.no_grad():
        said = model.duration_model.predict(batch)
    assert ((said - batch.durations).abs() <= 1).float().mean() > 0.9
