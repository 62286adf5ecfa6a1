"""CAMP's stage 1, and what its speech owes to the vectors."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tts_core.config import StageConfig
from tts_core.models.batch import collate
from tts_core.models.blocks import frame_index, take
from tts_core.models.camp import CAMP
from tts_core.models.camp_parts import last_frame_of_units, unit_durations
from tts_core.text.tokens import encode_words, token_id
from tts_core.training.stage_loss import StageLoss
from tts_core.training.validate import batch_of
from tts_core.types import Word

CPU = torch.device("cpu")
CONFIGS = dict.fromkeys((1, 2), StageConfig(steps=100, batch_frames=20_000))


@pytest.fixture
def camp(sizes, facts):
    def make(**widths):
        config = sizes("camp", **widths)
        return CAMP(config, facts, None)

    return make


def train(model, number, rows, steps, lr=0.01):
    """Train one stage on one batch and return the last losses."""
    stage = model.stages(CONFIGS)[number]
    loss = StageLoss(model, stage).eval()
    cached = stage.remember(rows, CPU)
    stage.begin(cached)
    learning = [p for p in loss.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(learning, lr=lr)
    batch = batch_of(rows, range(len(rows)))
    weights, parts = stage.weights(0), {}
    for _ in range(steps):
        optimizer.zero_grad()
        parts = loss.train()(batch, cached)
        torch.stack([weights[name] * part for name, part in parts.items()]).sum().backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
    model.eval()
    return {name: float(part.detach()) for name, part in parts.items()}


def test_upsampling_then_gathering_is_the_identity():
    """Words repeated on frames, then the last frame of each word."""
    durations = torch.tensor([[2, 0, 3, 1], [1, 4, 0, 0]])
    words = torch.randn(2, 4, 5)
    frames = take(words, frame_index(durations, 6))
    back = last_frame_of_units(frames, durations)
    realised = durations > 0
    assert torch.equal(back[realised], words[realised])
    assert torch.equal(back[0, 1], words[0, 0]), "an unrealised pause reads the frame before it"
    assert torch.equal(back[1, 2], back[1, 1])


def test_an_unpunctuated_pause_is_the_end_of_the_word_before_in_training(utterance):
    """A word's oracle vector is read after the following pause."""
    row = utterance(3)
    batch = collate([row.encoded], [row])
    units = unit_durations(batch.durations, batch.token_unit, batch.pos.shape[1])
    assert units.sum() == len(row.mel)
    read_at = last_frame_of_units(torch.arange(len(row.mel))[None, :, None], units)[0, :, 0]
    ends = row.durations.cumsum() - 1
    for token in np.flatnonzero(row.encoded.tokens == token_id("<wb>")):
        word = row.encoded.token_unit[token]
        assert row.encoded.token_unit[token - 1] == word, "of the word before"
        assert read_at[word] == ends[token]


def test_an_unpunctuated_pause_speaks_with_the_word_before_in_synthesis(camp, utterance):
    model = camp().eval()
    # Long word boundaries make pauses to look at.
    torch.nn.init.constant_(model.duration_predictor.output.bias, 6.0)
    batch = collate([utterance(3).encoded])
    n_units = batch.pos.shape[1]
    vectors = torch.arange(n_units, dtype=torch.float32)[None, :, None].expand(1, n_units, 3)
    seen = []
    hook = model.decoder.register_forward_pre_hook(lambda _, given: seen.append(given[1]))
    spoken = model.synthesize(batch, prosody=vectors)
    hook.remove()
    owner = take(batch.token_unit[..., None], frame_index(spoken.durations, spoken.mel.shape[1]))
    assert torch.equal(seen[0], owner.expand(-1, -1, 3).float())
    pauses = spoken.durations[0][batch.tokens[0] == token_id("<wb>")]
    assert (pauses > 0).all()


def test_padding_changes_no_module(camp, utterance):
    """Modules agree to 1e-5 on an utterance alone and in a batch."""
    model = camp(encoder_layers=2).eval()
    rows = [utterance(1, 5), utterance(2, 9)]
    alone, both = collate([rows[0].encoded], rows[:1]), collate([r.encoded for r in rows], rows)
    results = []
    with torch.no_grad():
        for batch in (alone, both):
            phones = model.encode(batch)
            vectors = model.oracle_prosody(batch, phones)
            frames = model.duration_predictor(phones, take(vectors, batch.token_unit), batch)
            mel = model.frames(phones, vectors, batch, batch.durations, batch.n_frames)
            results.append((phones, vectors, frames, mel))
        losses = [
            torch.tensor([float(part) for part in model.acoustic_loss(batch).values()])
            for batch in (alone, collate([rows[1].encoded], rows[1:]), both)
        ]
    for one, together in zip(*results, strict=True):
        torch.testing.assert_close(together[0, : one.shape[1]], one[0], atol=1e-5, rtol=0)
    # The loss of a batch is the mean over its frames, tokens and no padding.
    sizes = torch.tensor([[len(r.mel), len(r.encoded.tokens)] for r in rows], dtype=torch.float32)
    mean = (losses[0] * sizes[0] + losses[1] * sizes[1]) / sizes.sum(0)
    torch.testing.assert_close(losses[2], mean, atol=1e-5, rtol=1e-5)


def test_the_phone_encoder_has_one_bilstm_or_two(camp):
    lengths = [len(camp(encoder_layers=n).encoder.lstm.ahead) for n in (1, 2)]
    assert lengths == [1, 2]


@pytest.mark.parametrize("kind", ["huber", "l1", "l2"])
def test_the_predictors_loss_by_hand(camp, kind):
    """rho = 1, mean over dimensions and real units."""
    error, mask = torch.tensor([[[0.5], [3.0], [9.0]]]), torch.tensor([[True, True, False]])
    expected = {"huber": (0.125 + 2.5) / 2, "l1": 3.5 / 2, "l2": 9.25 / 2}[kind]
    found = camp(prosody_loss=kind).vector_loss(error, torch.zeros_like(error), mask)
    assert float(found) == pytest.approx(expected)


def test_without_phones_the_reference_encoder_reads_the_spectrogram_alone(camp, utterance):
    rows = [utterance(1)]
    batch = batch_of(rows, [0])
    for reads in (True, False):
        model = camp(reference_phones=reads).eval()
        with torch.no_grad():
            phones = model.encode(batch)
            vectors = [model.oracle_prosody(batch, p) for p in (phones, phones + 1)]
        assert torch.equal(*vectors) is not reads


def test_gradients_reach_all_of_stage_1_and_nothing_else(camp, utterance):
    model = camp()
    rows = [utterance(i) for i in range(3)]
    train(model, 1, rows, 1)
    for name, parameter in model.named_parameters():
        if name.startswith("prosody_predictor."):
            assert parameter.grad is None, name
        else:
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


def test_a_words_vector_carries_its_rhythm_and_knows_its_phones(camp, utterance):
    """The duration loss reaches the reference encoder, which reads the upsampled phones."""
    model = camp()
    row = utterance(1)
    batch = collate([row.encoded], [row])
    model.acoustic_loss(batch)["duration"].backward()
    assert all(p.grad.abs().sum() > 0 for p in model.reference_encoder.parameters())
    phones = model.encode(batch).detach().requires_grad_()
    model.oracle_prosody(batch, phones).sum().backward()
    assert (phones.grad.abs().sum(-1) > 0).all()


def test_units_without_frames_and_a_single_word(camp, utterance, facts):
    """An unrealised comma and a one-unit utterance stay finite."""
    row = utterance(5)
    comma = np.flatnonzero(row.encoded.punctuation)[0]
    durations = np.where(row.encoded.token_unit == comma, 0, row.durations)
    silent = replace(row, durations=durations, mel=row.mel[: durations.sum()])
    tokens, owner = encode_words([Word("Go", "go", ("G", "OW1"), "VB", "open", False, False, 0, 2)])
    first = {name: getattr(row.encoded, name)[:1] for name in ("pos", "word_class", "compound")}
    encoded = replace(
        row.encoded, tokens=tokens, token_unit=owner, punctuation=np.zeros(1, np.int64), **first
    )
    word = replace(row, encoded=encoded, durations=np.array([0, 1, 2, 0]), mel=row.mel[:3])
    model = camp()
    losses = model.acoustic_loss(collate([silent.encoded, word.encoded], [silent, word]))
    assert all(part.isfinite() for part in losses.values())
    for row in (silent, word):
        batch = collate([row.encoded], [row])
        for prosody in (None, model.eval().oracle_prosody(batch)):
            spoken = model.synthesize(batch, prosody=prosody)
            assert spoken.mel.shape == (1, spoken.durations.sum(), facts.n_mels)
            assert spoken.mel.isfinite().all()


def test_rate_and_oracle_durations_are_the_predictors_own(camp, utterance):
    """Durations are predicted also with oracle vectors; a higher rate shortens them."""
    model = camp().eval()
    row = utterance(2)
    batch = collate([row.encoded], [row])
    vectors = model.oracle_prosody(batch)
    normal, fast = (model.synthesize(batch, rate=rate, prosody=vectors) for rate in (1.0, 2.0))
    assert normal.mel.shape[1] == normal.durations.sum() != len(row.mel)
    assert fast.durations.sum() < normal.durations.sum()


def test_overfits_one_batch(camp, utterance):
    model = camp(encoder=48, word_vector=4)
    rows = [utterance(i, 2, slope=float(i)) for i in range(2)]
    before = train(model, 1, rows, 1)
    after = train(model, 1, rows, 150)
    assert after["mel"] < 0.3 * before["mel"], (before, after)
    assert after["duration"] < 0.1 * before["duration"], (before, after)


def spoken_by_tag(row, seed):
    """Return an utterance whose word loudness half follows the tag."""
    random = np.random.default_rng(seed)
    pos = random.integers(1, 6, len(row.encoded.pos))
    loudness = np.linspace(-1.5, 1.5, 5)[pos - 1] + random.normal(size=len(pos))
    units = np.repeat(row.encoded.token_unit, row.durations)
    phones = np.cos(np.repeat(row.encoded.tokens, row.durations))[:, None]
    mel = 0.3 * phones * np.cos(np.arange(80)) + loudness[units][:, None]
    encoded = replace(row.encoded, pos=pos)
    return replace(row, encoded=encoded, mel=mel.astype(np.float32), text=f"text {seed}")


def test_oracle_beats_predicted_beats_average_prosody_on_the_contour(camp, utterance):
    """Held-out order of both papers under the recordings' durations.

    The contour is the loudness, the mean of the spectrogram's bins; the baseline speaks every word
    with the average vector.
    """
    model = camp(word_vector=2)
    rows = [spoken_by_tag(utterance(i, 5), i) for i in range(40)]
    train(model, 1, rows[:28], 60)
    train(model, 2, rows[:28], 40)
    contours = {"recording": [], "oracle": [], "predicted": [], "average": []}
    with torch.no_grad():
        for row in rows[28:]:
            batch = collate([row.encoded], [row])
            phones = model.encode(batch)
            vectors = {
                "oracle": model.oracle_prosody(batch),
                "predicted": model.prosody_predictor.generate(batch),
            }
            vectors["average"] = model.prosody_predictor.vector_mean.expand_as(vectors["oracle"])
            contours["recording"].append(batch.mel[0].mean(-1))
            for name, prosody in vectors.items():
                mel = model.frames(phones, prosody, batch, batch.durations, batch.n_frames)
                contours[name].append(mel[0].mean(-1))
    series = torch.stack([torch.cat(contour) for contour in contours.values()])
    _, oracle, predicted, average = torch.corrcoef(series)[0].tolist()
    assert oracle > predicted + 0.1, (oracle, predicted, average)
    assert predicted > average + 0.1, (oracle, predicted, average)
