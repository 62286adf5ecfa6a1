"""The stages of each system: what is trained, what stays frozen, what is computed once and kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from tts_core.config import StageConfig
from tts_core.corpus.stream import StreamedSplit
from tts_core.models.batch import Batch, collate
from tts_core.models.build import System
from tts_core.models.camp import CAMP
from tts_core.models.context import TextContext
from tts_core.models.durian_plus import DurIANPlus
from tts_core.models.kathaka import Kathaka
from tts_core.models.latent import (
    Gaussian,
    active_units,
    best_constant_sampler,
    effective_units,
    kl_divergence,
)
from tts_core.models.ntts_attention import NTTSAttention
from tts_core.models.prosody_controls import foreign_context, median_vectors, other_texts
from tts_core.training.frozen_cache import (
    Cached,
    concatenate,
    gaussian_of,
    over,
    text_states,
    with_states,
)
from tts_core.types import Prepared


@dataclass(frozen=True)
class Stage:
    """One stage of training.

    Attributes:
        title: for people.
        trains: names of the sub-modules that learn; everything else is frozen, in evaluation mode.
        loss: parts of the loss of a batch, given what `remember` kept for its split.
        weights: weight of each part at a step (0, 1, ...); a part with weight 0 is only logged.
        criterion: the held-out value by which the best step is told (`StageConfig.keep`).
        remember: computes, once, what frozen parts say of a split's utterances.
        begin: sets the learning parts to what `remember` kept of the training split.
        measures: what validation logs beside the loss, over a split as a whole.
        reduction: frames per decoder step, for what is a mean over steps.
    """

    title: str
    trains: tuple[str, ...]
    loss: Callable[[Batch, Cached], dict[str, Tensor]]
    weights: Callable[[int], dict[str, float]]
    criterion: str
    remember: Callable[[Sequence[Prepared], torch.device], Cached] = lambda _data, _device: {}
    begin: Callable[[Cached], None] = lambda _cached: None
    measures: Callable[[Sequence[Prepared], Cached, torch.device], dict[str, float]] = (
        lambda _data, _cached, _device: {}
    )
    reduction: int = 1


class StageLoss(nn.Module):
    """A stage as a module whose forward pass is its loss, ready to be wrapped for many devices.

    Args:
        bf16: compute in bfloat16 what bears it; see `models.precision` for what does not.
    """

    def __init__(self, model: System, stage: Stage, bf16: bool = False) -> None:
        super().__init__()
        self.model = model
        self.stage = stage
        self.bf16 = bf16
        model.requires_grad_(False)
        for name in stage.trains:
            module = model.get_submodule(name)
            module.requires_grad_(True)
            for part in module.modules():
                if isinstance(part, TextContext):
                    part.encoder.requires_grad_(part.finetune)

    def train(self, mode: bool = True) -> "StageLoss":
        """Frozen parts never leave evaluation mode: their dropout and statistics stay still."""
        super().train(False)
        self.training = mode
        for name in self.stage.trains:
            self.model.get_submodule(name).train(mode)
        return self

    def forward(self, batch: Batch, cached: Cached) -> dict[str, Tensor]:
        """Parts of the loss, each a scalar."""
        with torch.autocast(batch.tokens.device.type, torch.bfloat16, enabled=self.bf16):
            return self.stage.loss(batch, cached)


def stages_of(model: System, configs: dict[int, StageConfig]) -> dict[int, Stage]:
    """The stages of a system, by number."""
    if isinstance(model, Kathaka):
        return _kathaka(model, configs)
    if isinstance(model, CAMP):
        return _camp(model, configs)
    if isinstance(model, NTTSAttention | DurIANPlus):
        return {1: _joint(model, configs[1])}
    return {
        1: Stage(
            "acoustic model",
            ("encoder", "decoder"),
            lambda batch, _: model.acoustic_loss(batch),
            lambda _: {"mel": 1.0},
            criterion="mel",
        ),
        2: Stage(
            "duration model",
            ("duration_model",),
            lambda batch, _: model.duration_loss(batch),
            lambda _: {"duration": 1.0},
            criterion="duration",
        ),
    }


def _joint(model: NTTSAttention | DurIANPlus, config: StageConfig) -> Stage:
    """CAMP's baselines train everything at once; measures have weight 0."""
    if isinstance(model, DurIANPlus):
        title, trains, reduction = "acoustic model and durations", ("duration_predictor",), 1
        weights = {"mel_before": 1.0, "mel": 1.0, "duration": config.duration_weight}
    else:
        title, trains, reduction = "acoustic model with attention", (), model.decoder.reduction
        guided = config.guided_attention_weight
        weights = {"mel_before": 1.0, "mel": 1.0, "stop": 1.0, "guided_attention": guided}
        weights |= {"diagonality": 0.0, "coverage": 0.0}
    return Stage(
        title,
        ("encoder", "decoder", "postnet", *trains),
        lambda batch, cached: model.acoustic_loss(with_states(batch, cached)),
        lambda _: weights,
        "mel",
        lambda data, _device: text_states(model.encoder.context, data),
        reduction=reduction,
    )


def kl_weight(step: int, config: StageConfig) -> float:
    """alpha of Kathaka's Eq. 2: 0, then linear to its full value, and only once in a few steps.

    The paper says "annealed" and no more. 0 to 1 between steps 25,000 and 150,000 and once in 200
    steps: Klimkov et al. 2019. A constant weight (Babianski et al. 2023): kl_start = kl_end = 0 and
    kl_every = 1.
    """
    if step % config.kl_every:
        return 0.0
    start, end = config.kl_start * config.steps, config.kl_end * config.steps
    if step >= end:
        return config.kl_weight
    return config.kl_weight * max(0.0, (step - start) / (end - start))


def _kathaka(model: Kathaka, configs: dict[int, StageConfig]) -> dict[int, Stage]:
    constant: Gaussian | None = None

    def used_units(data: Sequence[Prepared], _: Cached, device: torch.device) -> dict[str, float]:
        return {"active_units": active_units(torch.cat(over(data, device, model.oracle_prosody)))}

    def posteriors(data: Sequence[Prepared], device: torch.device) -> Cached:
        found = over(data, device, model.posterior)
        return {"posterior": found, **text_states(model.sampler.context, data)}

    def start_constant(cached: Cached) -> None:
        nonlocal constant
        constant = best_constant_sampler(concatenate(cached["posterior"]))
        model.sampler.start_at(constant)

    def samplings(data: Sequence[Prepared], device: torch.device) -> Cached:
        return {"sampler": over(data, device, model.sampler)}

    def sampler_loss(batch: Batch, cached: Cached) -> dict[str, Tensor]:
        posterior = gaussian_of(batch, cached["posterior"])
        parts = model.sampler_loss(with_states(batch, cached), posterior)
        if model.sampler.training or constant is None:
            return parts
        # What the held-out loss must beat: fitted to the training split, and reads no text.
        return {**parts, "constant_kl": kl_divergence(constant, posterior).mean()}

    return {
        1: Stage(
            "acoustic model and reference encoder",
            ("encoder", "decoder", "reference_encoder"),
            lambda batch, _: model.acoustic_loss(batch),
            lambda step: {"mel": 1.0, "kl": kl_weight(step, configs[1])},
            criterion="mel",
            measures=used_units,
        ),
        2: Stage(
            "sampler",
            ("sampler",),
            sampler_loss,
            lambda _: {"sampler_kl": 1.0},
            criterion="sampler_kl",
            remember=posteriors,
            begin=start_constant,
        ),
        3: Stage(
            "duration model on sampled latents",
            ("duration_model",),
            lambda batch, cached: model.duration_loss(batch, gaussian_of(batch, cached["sampler"])),
            lambda _: {"duration": 1.0},
            criterion="duration",
            remember=samplings,
        ),
    }


def _camp(model: CAMP, configs: dict[int, StageConfig]) -> dict[int, Stage]:
    predictor = model.prosody_predictor

    def vectors(data: Sequence[Prepared], device: torch.device) -> Cached:
        found = over(data, device, model.oracle_prosody)
        rows = [row for batch in found for row in batch.unbind(0)]
        # Single utterances, so that there is no padding among the vectors.
        if isinstance(data, StreamedSplit):
            return {"vectors": rows}
        texts = {"rows": data, "other_texts": other_texts(data)}
        return {"vectors": rows, **texts, **text_states(predictor.context, data)}

    def prosody_loss(batch: Batch, cached: Cached) -> dict[str, Tensor]:
        target = pad_sequence(
            [cached["vectors"][i] for i in batch.index.tolist()], batch_first=True
        )
        parts = model.prosody_loss(with_states(batch, cached), target)
        return parts if predictor.training else {**parts, **controls(batch, cached, target)}

    def controls(batch: Batch, cached: Cached, target: Tensor) -> dict[str, Tensor]:
        """What the held-out loss must beat: `prosody_controls`."""
        standard = predictor.standardise(target)
        median = model.vector_loss(median_vectors(predictor, standard), standard, batch.unit_mask)
        if cached["other_texts"] is None:
            return {"median": median}
        others = [cached["other_texts"][i] for i in batch.index.tolist()]
        other = collate([cached["rows"][i].encoded for i in others], index=others)
        other = with_states(other.to(target.device), cached)
        shuffled = model.prosody_loss(batch, target, foreign_context(predictor, batch, other))
        return {"median": median, "shuffled": shuffled["prosody"]}

    return {
        1: Stage(
            "word-level auto-encoder (ORA)",
            ("encoder", "reference_encoder", "duration_predictor", "decoder"),
            lambda batch, _: model.acoustic_loss(batch),
            lambda _: {"mel": 1.0, "duration": configs[1].duration_weight},
            criterion="mel",
            measures=partial(_word_units, model),
        ),
        2: Stage(
            "prosody predictor",
            ("prosody_predictor",),
            prosody_loss,
            lambda _: {"prosody": 1.0},
            criterion="prosody",
            remember=vectors,
            begin=lambda cached: predictor.fit_scale(torch.cat(cached["vectors"])),
        ),
    }


def _word_units(
    model: CAMP, data: Sequence[Prepared], _: Cached, device: torch.device
) -> dict[str, float]:
    """How the vectors of words vary; punctuation marks, which are mostly silence, would add to it.

    "active_units": dimensions whose variance over all words is above 0.01. "effective_units": in
    how many directions they vary, whatever their scale.
    """
    found = over(data, device, lambda batch: model.oracle_prosody(batch)[batch.punctuation == 0])
    words = torch.cat(found)
    return {"active_units": active_units(words), "effective_units": effective_units(words)}
