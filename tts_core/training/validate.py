"""What a model is worth on utterances it does not learn from."""

from collections.abc import Sequence

import torch

from tts_core.config import StageConfig
from tts_core.models.batch import Batch, collate
from tts_core.training.batches import epoch_batches
from tts_core.training.stages import Cached, StageLoss
from tts_core.types import Prepared


def validate(
    loss: StageLoss,
    rows: Sequence[Prepared],
    cached: Cached,
    config: StageConfig,
    device: torch.device,
) -> dict[str, float]:
    """Mean of each part of the loss over held-out utterances, with seeded latents and pre-nets.

    What the stage measures over the split as a whole (`Stage.measures`) stands beside.
    """
    if not rows:
        return {}
    loss.eval()
    sums: dict[str, float] = {}
    with torch.no_grad(), torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        for positions in epoch_batches([len(r.mel) for r in rows], config.batch_frames, (0,)):
            parts = loss(batch_of(rows, positions).to(device), cached)
            for name, part in parts.items():
                sums[name] = sums.get(name, 0.0) + float(part) * len(positions) / len(rows)
        return sums | loss.stage.measures(rows, cached, device)


def batch_of(rows: Sequence[Prepared], positions: Sequence[int]) -> Batch:
    """The utterances at `positions` of a split as one batch."""
    chosen = [rows[i] for i in positions]
    return collate([r.encoded for r in chosen], chosen, positions)
