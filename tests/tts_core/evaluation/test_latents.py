from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from tts_core.config import ModelConfig
from tts_core.evaluation import latents
from tts_core.models.batch import collate
from tts_core.models.camp import CAMP
from tts_core.models.facts import CorpusFacts
from tts_core.models.kathaka import Kathaka
from tts_core.models.latent import Gaussian
from tts_core.models.mode import ORACLE, TEXT
from tts_core.models.ntts import NTTS
from tts_core.models.prosody_controls import neighbours
from tts_core.models.renditions import render
from tts_core.types import Prepared

Utterance = Callable[..., Prepared]
Sizes = Callable[..., ModelConfig]


@pytest.fixture
def rows(utterance: Utterance) -> list[Prepared]:
    """Six texts; the first is read twice, differently."""
    texts = [replace(utterance(i, slope=0.3 * i), text=f"text {i}") for i in range(6)]
    again = replace(texts[0], mel=texts[0].mel + 1)
    return [*texts, again]


OTHERS = {0: [6], 6: [0]}


def number(value: float | str | None) -> float:
    assert isinstance(value, float)
    return value


@pytest.fixture
def kathaka(sizes: Sizes, facts: CorpusFacts) -> Kathaka:
    model = Kathaka(sizes("kathaka"), facts, None).eval()
    # Fresh weights hardly tell recordings apart.
    for head in (model.reference_encoder.mean, model.reference_encoder.log_variance):
        head.weight.data *= 20
    return model


@pytest.fixture
def camp(sizes: Sizes, facts: CorpusFacts, rows: list[Prepared]) -> CAMP:
    config = sizes("camp", prenet_dropout=0.5)
    model = CAMP(config, facts, None).eval()
    with torch.no_grad():
        found = [model.oracle_prosody(collate([r.encoded], [r]))[0] for r in rows]
    model.prosody_predictor.fit_scale(torch.cat(found))
    return model


def test_the_samplers_kl_is_that_of_torch_and_the_constant_is_fitted_to_other_rows(
    kathaka: Kathaka, rows: list[Prepared]
) -> None:
    held = latents.kathaka(kathaka, rows[:3], rows, OTHERS)
    with torch.no_grad():
        batch = collate([rows[4].encoded], [rows[4]])
        sampler, posterior = kathaka.sampler(batch), kathaka.posterior(batch)
    p, q = (Normal(g.mean, (0.5 * g.log_variance).exp()) for g in (sampler, posterior))
    assert held.values[4]["sampler_kl"] == pytest.approx(float(kl_divergence(p, q).sum()), rel=1e-4)
    fitted = latents.kathaka(kathaka, rows, rows, OTHERS)
    total = [sum(number(v["constant_kl"]) for v in found.values) for found in (held, fitted)]
    # Of all constants the one fitted to these very rows is the best for them.
    assert total[1] < total[0]


def test_a_sampler_at_the_best_constant_is_no_better_than_it(
    kathaka: Kathaka, rows: list[Prepared]
) -> None:
    with torch.no_grad():
        found = [kathaka.posterior(collate([r.encoded], [r])) for r in rows[:3]]
    stacked = Gaussian(*(torch.cat(part) for part in zip(*found, strict=True)))
    kathaka.sampler.start_at(latents.best_constant_sampler(stacked))
    for values in latents.kathaka(kathaka, rows[:3], rows, OTHERS).values:
        assert values["sampler_kl"] == pytest.approx(values["constant_kl"], rel=1e-4)


def test_the_ceiling_knows_another_reading_and_not_this_one(
    kathaka: Kathaka, camp: CAMP, rows: list[Prepared]
) -> None:
    twin = [*rows[:6], rows[0]]
    same = latents.kathaka(kathaka, rows, twin, OTHERS).values
    other = latents.kathaka(kathaka, rows, rows, OTHERS).values
    assert number(same[0]["human_kl"]) < number(other[0]["human_kl"])
    assert [v["human_kl"] for v in other[1:6]] == [None] * 5
    vectors = latents.camp(camp, rows, twin, OTHERS).values
    assert vectors[0]["human_huber"] == 0
    assert number(latents.camp(camp, rows, rows, OTHERS).values[0]["human_huber"]) > 0


def test_a_predictor_that_reads_no_text_does_as_well_with_shuffled_context(
    camp: CAMP, rows: list[Prepared]
) -> None:
    predictor = camp.prosody_predictor
    predictor.output.weight.data *= 10
    reads = latents.camp(camp, rows, rows, OTHERS).values
    assert all(v["huber"] != v["shuffled_huber"] for v in reads)
    with torch.no_grad():
        dict(predictor.lstm.named_parameters())["weight_ih_l0"][:, 8:] = 0
    deaf = latents.camp(camp, rows, rows, OTHERS).values
    for values in deaf:
        assert values["huber"] == pytest.approx(values["shuffled_huber"], rel=1e-5)


def sessions(utterance: Utterance) -> list[Prepared]:
    """Return two sessions of 14 sentences, in other rooms."""
    shift = np.random.default_rng(0).normal(size=80)
    made = []
    for i in range(28):
        row = utterance(i)
        mel = (row.mel + 6 * shift * (i >= 14)).astype(np.float32)
        made.append(replace(row, utterance=f"u{i:02}", text=f"text {i}", mel=mel))
    return made


def test_the_neighbours_mean_is_judged_like_the_constant(
    kathaka: Kathaka, utterance: Utterance
) -> None:
    made = sessions(utterance)
    held, train = made[3:5], made[:3] + made[5:]
    with torch.no_grad():
        learnt, judged = (
            [kathaka.posterior(collate([r.encoded], [r])) for r in rows] for rows in (train, held)
        )
    # 3 recordings before and 12 after; the sampler of sessions themselves is tested in `models`.
    mean = torch.cat([p.mean for p in learnt[:15]]).mean(0)
    constant = latents.best_constant_sampler(latents.concatenate(learnt))
    near = Gaussian(mean, constant.log_variance)
    for values, posterior in zip(
        latents.kathaka(kathaka, train, held, {}).values, judged, strict=True
    ):
        expected = float(latents.kl_divergence(near, posterior))
        assert values["neighbours_kl"] == pytest.approx(expected, rel=1e-4)


def test_neighbouring_recordings_predict_word_vectors_that_are_the_session(
    camp: CAMP, utterance: Utterance
) -> None:
    made = sessions(utterance)
    held = [made[3], made[24]]
    for values in latents.camp(camp, [r for r in made if r not in held], held, {}).values:
        assert number(values["neighbours_huber"]) < 0.8 * number(values["kind_median_huber"])


def test_neighbours_are_the_nearest_of_other_texts_on_both_sides(utterance: Utterance) -> None:
    train = [replace(utterance(1), utterance=f"a{i}", text=f"Text {i}!") for i in range(9)]
    judged = [
        replace(train[4], utterance="a35", text="text, 2"),
        replace(train[4], utterance="a0", text="another"),
        train[8],
    ]
    shuffled = [train[i] for i in (5, 0, 8, 2, 1, 4, 3, 7, 6)]
    found = neighbours(shuffled, judged, each=2)
    names = [[shuffled[i].utterance for i in positions] for positions in found]
    assert names == [["a3", "a1", "a4", "a5"], ["a0", "a1"], ["a7", "a6"]]


def test_a_constant_predictor_at_the_median_has_the_medians_loss(
    camp: CAMP, rows: list[Prepared]
) -> None:
    predictor = camp.prosody_predictor
    with torch.no_grad():
        found = [camp.oracle_prosody(collate([r.encoded], [r]))[0] for r in rows]
        median = predictor.standardise(torch.cat(found).median(0).values)
        predictor.output.weight.zero_()
        predictor.output.bias.copy_(median)
    for values in latents.camp(camp, rows, rows, OTHERS).values:
        assert values["huber"] == pytest.approx(values["median_huber"], rel=1e-4)
        assert values["free_huber"] == pytest.approx(values["median_huber"], rel=1e-4)


def test_renditions_under_the_recordings_durations_have_its_length_and_never_see_its_frames(
    sizes: Sizes, facts: CorpusFacts, camp: CAMP, kathaka: Kathaka, rows: list[Prepared]
) -> None:
    louder = replace(rows[0], mel=rows[0].mel + 2)
    for model in (NTTS(sizes("ntts"), facts).eval(), kathaka, camp):
        said, again = (render(model, TEXT, "recording", row) for row in (rows[0], louder))
        assert said.mel.shape == rows[0].mel.shape
        assert np.array_equal(said.mel, again.mel)
    for model in (kathaka, camp):
        said, again = (render(model, ORACLE, "recording", row) for row in (rows[0], louder))
        assert not np.array_equal(said.mel, again.mel)
