"""Held-out losses of a model in training."""

from collections.abc import Sequence

import torch
from accelerate.utils import gather_object

from tts_core.config import StageConfig
from tts_core.models.batch import Batch, collate
from tts_core.models.frozen_cache import Cached
from tts_core.models.stage import UNITS
from tts_core.training.batches import ALONE, Share, epoch_batches
from tts_core.training.joint import counts
from tts_core.training.stage_loss import StageLoss
from tts_core.types import Prepared


def validate(
    loss: StageLoss,
    rows: Sequence[Prepared],
    cached: Cached,
    config: StageConfig,
    device: torch.device,
    share: Share = ALONE,
) -> dict[str, float]:
    """Return the mean of each part of the loss over held-out utterances.

    Random draws (latents, drop-out of pre-nets) are seeded. The stage's measures of the whole split
    (`Stage.measures`) are added. Processes divide the batches among them; all get the same values.
    """
    if not rows:
        return {}
    loss.eval()
    sums: dict[str, torch.Tensor] = {}
    batches = epoch_batches([len(r.mel) for r in rows], config.batch_frames, (0,))
    with torch.no_grad(), torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        for number, positions in list(enumerate(batches))[share.rank :: share.processes]:
            # A seed for each batch: the result does not depend on the process that computes it.
            torch.manual_seed(number)
            batch = batch_of(rows, positions)
            weights: dict[str, float] = dict(
                zip(UNITS, counts(batch, loss.stage.reduction).tolist(), strict=True)
            )
            for name, part in loss(batch.to(device), cached).items():
                weight = weights[loss.stage.mean_over[name]]
                term = torch.stack([part.double().cpu() * weight, torch.tensor(weight).double()])
                sums[name] = sums[name] + term if name in sums else term
        measured = loss.stage.measures(rows, cached, device)
    every = [sums] if share.processes == 1 else gather_object([sums])
    held_out: dict[str, float] = {}
    for name in dict.fromkeys(name for process_sums in every for name in process_sums):
        terms = [process_sums[name] for process_sums in every if name in process_sums]
        total, weight = torch.stack(terms).sum(0).tolist()
        held_out[name] = total / weight
    return held_out | measured


def batch_of(rows: Sequence[Prepared], positions: Sequence[int]) -> Batch:
    """Return the utterances at `positions` of a split as one batch."""
    chosen = [rows[i] for i in positions]
    return collate([r.encoded for r in chosen], chosen, positions)
