"""Kathaka's stage 2: the sampler learns, beside controls without text."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from tts_core.config import StageConfig
from tts_core.models.batch import Batch
from tts_core.models.frozen_cache import (
    Cached,
    cached_gaussian,
    concatenate,
    over,
    text_states,
    with_states,
)
from tts_core.models.latent import (
    Gaussian,
    best_constant_sampler,
    kl_divergence,
    moment_matched,
)
from tts_core.models.prosody_controls import neighbours
from tts_core.models.sampler import Sampler
from tts_core.models.stage import Stage
from tts_core.types import Prepared, Streamed

PAPER, FORWARD = "sampler||posterior", "posterior||sampler"


def sampler_losses(
    sampled: Gaussian, posterior: Gaussian, direction: str = PAPER
) -> dict[str, Tensor]:
    """Return the parts of stage 2's loss, nats per utterance.

    q is fixed.

    "sampler_kl", KL(s(z | text) || q(z | X)) (Kathaka section 3.2, Eq. 3), whatever is minimised,
    so that runs compare. "forward_kl", KL(q || s), only where that is minimised: up to a constant
    the negative log likelihood of latents drawn from q.

    Args:
        sampled, posterior: (B, Z) each. direction: `StageConfig.sampler_kl`.
    """
    parts = {"sampler_kl": kl_divergence(sampled, posterior).mean()}
    if direction == FORWARD:
        parts["forward_kl"] = kl_divergence(posterior, sampled).mean()
    return parts


def neighbours_sampler(
    posteriors: Sequence[Gaussian], train: Sequence[Prepared], rows: Sequence[Prepared]
) -> Gaussian:
    """Return a sampler that knows neighbouring recordings and no text.

    Its mean is that of the posterior means of a recording's `neighbours`; where there are none,
    that of the constant sampler. The variance is the constant sampler's: under Eq. 3, sigma^2 =
    1 / E[1 / sigma_n^2] is the best constant variance for any means. A sampler above its KL leaves
    open that z says more of the recording session than of the sentence.

    Args:
        posteriors: of the training recordings, (1, Z) each. train: these recordings.
        rows: the B recordings to judge.

    Returns:
        (B, Z) each.
    """
    together = concatenate(posteriors)
    constant = best_constant_sampler(together)
    means = [
        together.mean[positions].mean(0) if positions else constant.mean
        for positions in neighbours(train, rows)
    ]
    mean = torch.stack(means)
    return Gaussian(mean, constant.log_variance.expand_as(mean))


class _SamplerStage:
    """Functions of the stage, and what they keep of the training split."""

    def __init__(
        self, sampler: Sampler, posterior: Callable[[Batch], Gaussian], config: StageConfig
    ) -> None:
        self.sampler, self.posterior, self.direction = sampler, posterior, config.sampler_kl
        self.train: Cached | None = None

    def remember(self, rows: Sequence[Prepared], device: torch.device) -> Cached:
        cached: dict[str, Any] = {"posterior": over(rows, device, self.posterior)}
        if not isinstance(rows, Streamed):
            cached["rows"] = rows
        return {**cached, **text_states(self.sampler.context, rows)}

    def begin(self, cached: Cached) -> None:
        self.train = cached
        forward = self.direction == FORWARD
        best = moment_matched if forward else best_constant_sampler
        self.sampler.start_at(best(concatenate(cached["posterior"])))

    def loss(self, batch: Batch, cached: Cached) -> dict[str, Tensor]:
        posterior = cached_gaussian(batch, cached["posterior"])
        sampled = self.sampler(with_states(batch, cached))
        parts = sampler_losses(sampled, posterior, self.direction)
        if self.sampler.training or self.train is None:
            return parts
        # Streamed recordings are not kept, and so have no neighbours.
        rows = [cached["rows"][i] for i in batch.index.tolist()] if "rows" in cached else None
        return {**parts, **self._controls(self.train, rows, posterior)}

    def _controls(
        self, train: Cached, rows: Sequence[Prepared] | None, posterior: Gaussian
    ) -> dict[str, Tensor]:
        """Return what the held-out loss must beat, fitted to the training split."""
        learnt = concatenate(train["posterior"])
        constant = best_constant_sampler(learnt)
        controls = {"constant_kl": kl_divergence(constant, posterior).mean()}
        if "rows" in train and rows is not None:
            near = neighbours_sampler(train["posterior"], train["rows"], rows)
            controls["neighbours_kl"] = kl_divergence(near, posterior).mean()
        if self.direction == FORWARD:
            forward = kl_divergence(posterior, moment_matched(learnt)).mean()
            controls["constant_forward_kl"] = forward
        return controls


def sampler_stage(
    sampler: Sampler, posterior: Callable[[Batch], Gaussian], config: StageConfig
) -> Stage:
    """Return stage 2 (Kathaka section 3.2).

    Args:
        sampler: learns. posterior: q(z | X) of the recordings in a batch, fixed.
    """
    parts = _SamplerStage(sampler, posterior, config)
    minimised = "forward_kl" if config.sampler_kl == FORWARD else "sampler_kl"
    weights = {"sampler_kl": 0.0, "forward_kl": 0.0} | {minimised: 1.0}
    return Stage(
        "sampler",
        ("sampler",),
        parts.loss,
        lambda _: weights,
        criterion=minimised,
        timing="recording",
        remember=parts.remember,
        begin=parts.begin,
    )
