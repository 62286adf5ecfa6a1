"""Held-out errors of Kathaka's sampler and CAMP's predictor, with controls.

The controls read no text, or another text.

Everything is per recording; the intervals are made elsewhere. The human ceiling is another reading
of the sentence in the place of the prediction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from intone.progress import Progress, silent
from tts_core.measures.journal import Values
from tts_core.models.batch import Batch, collate
from tts_core.models.camp import CAMP
from tts_core.models.frozen_cache import concatenate
from tts_core.models.kathaka import Kathaka
from tts_core.models.latent import (
    Gaussian,
    active_units,
    best_constant_sampler,
    kl_divergence,
    standard_normal,
)
from tts_core.models.prosody_controls import (
    foreign_context,
    medians_by_kind,
    neighbours,
    other_texts,
)
from tts_core.models.randomness import seeded
from tts_core.models.sampler_stage import neighbours_sampler
from tts_core.types import Prepared

DRAWS = 8
"""Seeded draws over which a value is averaged.

Of the pre-net's dropout and of shuffled contexts.
"""


@dataclass(frozen=True)
class Held:
    """Held-out values of a latent.

    values: one row for each held-out recording. whole: of the split as a whole.
    """

    values: list[Values]
    whole: dict[str, float]


@torch.inference_mode()
def kathaka(
    model: Kathaka,
    train: Sequence[Prepared],
    rows: Sequence[Prepared],
    readings: Mapping[int, Sequence[int]],
    progress: Progress = silent,
) -> Held:
    """Measure the sampler's held-out KL (Kathaka Eq. 3), with its controls.

    All in nats per utterance.

    "sampler_kl"; "constant_kl", of the best constant sampler of the training split;
    "neighbours_kl", of the neighbouring training recordings (`neighbours_sampler`), which tell what
    the recording session alone predicts; "human_kl", of a sampler at another reading's posterior
    mean with the constant sampler's variance (the best constant variance for any means), mean over
    `others`; "prior_kl" of the posterior itself.

    Args:
        train: recordings that the constant sampler is fitted to. rows: held-out recordings.
        readings: position of a recording to those of the sentence's other readings.
    """
    learnt = _posteriors(model, train, progress, "training")
    constant = best_constant_sampler(concatenate(learnt))
    near = neighbours_sampler(learnt, train, rows)
    posteriors = _posteriors(model, rows, progress, "held-out")
    values: list[Values] = []
    for position, row in enumerate(rows):
        posterior = posteriors[position]
        human = [
            float(kl_divergence(Gaussian(posteriors[o].mean, constant.log_variance), posterior))
            for o in readings.get(position, ())
        ]
        sampler = model.sampler(collate([row.encoded]))
        session = Gaussian(near.mean[[position]], near.log_variance[[position]])
        values.append(
            {
                "sampler_kl": float(kl_divergence(sampler, posterior)),
                "constant_kl": float(kl_divergence(constant, posterior)),
                "neighbours_kl": float(kl_divergence(session, posterior)),
                "human_kl": sum(human) / len(human) if human else None,
                "prior_kl": float(kl_divergence(posterior, standard_normal(posterior.mean))),
            }
        )
    used = active_units(torch.cat([p.mean for p in posteriors]))
    return Held(values, {"active_units": used, "latent": posteriors[0].mean.shape[-1]})


def _posteriors(
    model: Kathaka, rows: Sequence[Prepared], progress: Progress, split: str
) -> list[Gaussian]:
    posteriors: list[Gaussian] = []
    for number, row in enumerate(rows):
        progress(f"posteriors, {split}", number + 1, len(rows))
        posteriors.append(model.posterior(collate([row.encoded], [row])))
    return posteriors


@torch.inference_mode()
def camp(
    model: CAMP,
    train: Sequence[Prepared],
    rows: Sequence[Prepared],
    readings: Mapping[int, Sequence[int]],
    seed: int = 0,
    progress: Progress = silent,
) -> Held:
    """Measure the held-out Huber loss of word vectors (CAMP 4.2).

    A mean over a recording's units.

    "huber", teacher-forced as in training; "shuffled_huber", the same with the context of another
    text of like length; "median_huber", of the training units' median; "kind_median_huber", of the
    median of words or of punctuation marks; "neighbours_huber", the same of the neighbouring
    training recordings alone: what it gains, the recording session predicts; "free_huber", running
    free; "human_huber", of another reading's vectors, mean over `others`. Only the first, the
    shuffled and the free one are means over `DRAWS` seeded draws.

    Args: as `kathaka`; `rows` have at least two texts.
    """
    predictor = model.prosody_predictor
    vectors = []
    for number, row in enumerate(train):
        progress("word vectors, training", number + 1, len(train))
        recorded = model.oracle_prosody(collate([row.encoded], [row]))
        vectors.append(predictor.standardise(recorded)[0])
    kinds = [row.encoded.punctuation for row in train]
    median = torch.cat(vectors).median(0).values
    medians = dict.fromkeys((0, 1), median) | medians_by_kind(vectors, kinds)
    batches = [collate([row.encoded], [row]) for row in rows]
    targets = [predictor.standardise(model.oracle_prosody(batch)) for batch in batches]
    near = neighbours(train, rows)
    partners = [other_texts(rows, seed + draw) or [] for draw in range(DRAWS)]
    values: list[Values] = []
    for position, (batch, target) in enumerate(zip(batches, targets, strict=True)):
        progress("word vectors, held-out", position + 1, len(rows))
        context = predictor.encode(batch)
        foreign = [foreign_context(predictor, batch, batches[p[position]]) for p in partners if p]
        beside = near[position]
        session = medians_by_kind([vectors[i] for i in beside], [kinds[i] for i in beside])
        human = [_huber(targets[other], target) for other in readings.get(position, ())]
        values.append(
            {
                "huber": _forced(model, [context] * DRAWS, target, seed),
                "shuffled_huber": _forced(model, foreign, target, seed) if foreign else None,
                "median_huber": _huber(median.expand_as(target), target),
                "kind_median_huber": _huber(_of_kind(medians, batch), target),
                "neighbours_huber": _huber(_of_kind(medians | session, batch), target),
                "free_huber": _free(model, batch, target, rows[position].text, seed),
                "human_huber": sum(human) / len(human) if human else None,
            }
        )
    return Held(values, {"word_vector": targets[0].shape[-1]})


def _of_kind(medians: Mapping[int, Tensor], batch: Batch) -> Tensor:
    """Return the median of its kind for each unit, (B, W, d)."""
    return torch.stack([medians[0], medians[1]])[batch.punctuation]


def _forced(model: CAMP, contexts: Sequence[Tensor], target: Tensor, seed: int) -> float:
    """Return the mean over draws.

    Draw i has the same pre-net dropout for any context.
    """
    total = 0.0
    for draw, context in enumerate(contexts):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + draw)
            total += _huber(model.prosody_predictor(context, target), target)
    return total / len(contexts)


def _free(model: CAMP, batch: Batch, target: Tensor, text: str, seed: int) -> float:
    predictor = model.prosody_predictor
    losses = [
        _huber(predictor.standardise(predictor.generate(batch, seeded(seed + draw, text))), target)
        for draw in range(DRAWS)
    ]
    return sum(losses) / len(losses)


def _huber(predicted: Tensor, target: Tensor) -> float:
    return float(F.huber_loss(predicted, target, delta=1.0))
