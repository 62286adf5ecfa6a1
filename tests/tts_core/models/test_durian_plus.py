"""DurIAN+: CAMP's baseline, and BERT beside its phones as CAMP's negative control."""

import pytest
import torch

from tts_core.models.batch import collate
from tts_core.models.durian_plus import DurIANPlus
from tts_core.models.ntts_attention import NTTSAttention
from tts_core.models.postnet import PostNet
from tts_core.training.stage_loss import StageLoss


@pytest.fixture
def model(sizes, facts):
    def make(context=None, **changes) -> DurIANPlus:
        return DurIANPlus(sizes("durian_plus", **changes), facts, context).eval()

    return make


def alone_and_together(utterance):
    rows = [utterance(1, 4), utterance(2, 8)]
    return collate([rows[0].encoded], rows[:1]), collate([r.encoded for r in rows], rows)


def test_padding_changes_nothing(model, utterance):
    system = model()
    alone, together = alone_and_together(utterance)
    with torch.no_grad():
        one, both = system(alone), system(together)
    said, said_both = (system.synthesize(b) for b in (alone, together))
    frames, tokens = alone.n_frames, alone.tokens.shape[1]
    for a, b in [
        (one.before[0], both.before[0, :frames]),
        (one.after[0], both.after[0, :frames]),
        (one.frames[0], both.frames[0, :tokens]),
        (said.durations[0], said_both.durations[0, :tokens]),
        (said.mel[0], said_both.mel[0, : said.mel.shape[1]]),
    ]:
        torch.testing.assert_close(a, b, atol=1e-5, rtol=0)


def test_sentence_of_one_word_can_be_synthesized(model, utterance):
    output = model().synthesize(collate([utterance(3, 1).encoded]))
    assert output.mel.shape[1] == output.durations.sum() > 0
    assert output.mel.isfinite().all()


def test_the_postnet_adds_a_residual_and_trains_alike_beside_a_longer_utterance():
    postnet = PostNet(80, 16, dropout=0.0).train()
    mel, mask = torch.randn(2, 9, 80), torch.ones(2, 9, dtype=torch.bool)
    out = postnet(mel, mask)
    longer = torch.nn.functional.pad(mel, (0, 0, 0, 6), value=50.0)
    padded = postnet(longer, torch.nn.functional.pad(mask, (0, 6)))
    torch.testing.assert_close(padded[:, :9], out, atol=1e-5, rtol=1e-4)
    assert not padded[:, 9:].any()
    with torch.no_grad():
        postnet.norms[-1].weight.zero_()
    torch.testing.assert_close(postnet(mel, mask), mel)


def test_the_losses_are_l1_before_after_and_of_durations_in_frames(model, utterance):
    system = model()
    batch, _ = alone_and_together(utterance)
    with torch.no_grad():
        predicted, parts = system(batch), system.acoustic_loss(batch)
        target = system.mel_scale.normalise(batch.mel)
    assert parts["mel_before"] == pytest.approx(float((predicted.before - target).abs().mean()))
    assert parts["mel"] == pytest.approx(float((predicted.after - target).abs().mean()))
    expected = float((predicted.frames - batch.durations).abs().mean())
    assert parts["duration"] == pytest.approx(expected)


def test_predicted_durations_do_not_touch_the_training_upsampling(model, utterance):
    """Mel losses use recorded durations; the predictor has its own loss."""
    system = model()
    batch, _ = alone_and_together(utterance)
    parts = system.acoustic_loss(batch)
    (parts["mel"] + parts["mel_before"]).backward(retain_graph=True)
    assert all(p.grad is None for p in system.duration_predictor.parameters())
    parts["duration"].backward()
    assert system.duration_predictor.output.weight.grad.any()
    assert system.encoder.phones.embedding.weight.grad.any(), "trained jointly"


def test_one_batch_is_overfitted_by_every_parameter(sizes, facts, utterance):
    system = DurIANPlus(sizes("durian_plus", decoder=48, encoder=32, prenet=32), facts).train()
    rows = [utterance(i, 3) for i in range(2)]
    batch = collate([r.encoded for r in rows], rows)
    optimizer = torch.optim.Adam(system.parameters(), 1e-2)
    losses = []
    for step in range(150):
        parts = system.acoustic_loss(batch)
        optimizer.zero_grad()
        (parts["mel_before"] + parts["mel"] + 0.025 * parts["duration"]).backward()
        optimizer.step()
        losses.append({name: float(part.detach()) for name, part in parts.items()})
        if step == 0:
            dead = [n for n, p in system.named_parameters() if p.grad is None or not p.grad.any()]
            # A bias ahead of batch normalisation is subtracted with the mean.
            assert all(name.endswith("bias") and ".convs." in name for name in dead), dead
    assert losses[-1]["mel"] < 0.3 * losses[0]["mel"], (losses[0], losses[-1])
    assert losses[-1]["duration"] < 0.5
    output = system.eval().synthesize(batch)
    assert (output.durations - batch.durations).abs().float().mean() < 0.7


@pytest.mark.parametrize("system", [DurIANPlus, NTTSAttention])
@pytest.mark.parametrize("finetune", [True, False])
def test_the_negative_control_hears_the_words(
    system, finetune, sizes, facts, utterance, text_context
):
    name = {"DurIANPlus": "durian_plus", "NTTSAttention": "ntts_attention"}[system.__name__]
    config = sizes(name, words="bert")
    model = system(config, facts, text_context(finetune))
    rows = [utterance(1, 4)]
    batch = collate([r.encoded for r in rows], rows)
    model.eval()
    with torch.no_grad():
        encodings = model.encoder(batch)
        states = model.encoder.context(batch)
    # Each word is one piece here, and the word's vector is at each of its tokens.
    for token, unit in enumerate(batch.token_unit[0].tolist()):
        torch.testing.assert_close(encodings[0, token, 16:], states[0, unit + 1])
    from tts_core.config import load_recipe

    stage = model.stages(load_recipe(f"{name}_compact").stages)[1]
    loss = StageLoss(model, stage).train()
    parts = loss(batch, {})
    sum(stage.weights(0)[key] * part for key, part in parts.items()).backward()
    learnt = [p.grad is not None for p in model.encoder.context.encoder.parameters()]
    assert any(learnt) == finetune
    frozen = [n for n, p in model.named_parameters() if not p.requires_grad]
    assert all("context.encoder" in name for name in frozen)
    assert bool(frozen) != finetune
