"""Losses over many processes and micro-batches, as means over the joint batch."""

from collections.abc import Mapping, Sequence

import torch
from accelerate import Accelerator
from torch import Tensor

from tts_core.models.batch import Batch
from tts_core.models.stage import MEAN_OVER, UNITS


def counts(batch: Batch, reduction: int = 1) -> Tensor:
    """Return the number of each of `UNITS` in a batch, (5,) float64.

    The batch is on the CPU.

    Args:
        reduction: frames per decoder step.
    """
    tokens, frames = batch.token_lengths, batch.frame_lengths
    steps = (frames + reduction - 1) // reduction
    sums = [tokens.sum(), batch.unit_lengths.sum(), frames.sum(), (tokens * steps).sum()]
    return torch.stack([tokens.new_full((), len(tokens)), *sums]).double()


class JointMeans:
    """Means of micro-batches as shares of the joint batch's mean.

    DistributedDataParallel averages gradients over processes, and a plain average of means is not
    the mean over all frames when one process holds longer sentences than another. Nothing here
    makes the CPU wait for a GPU.

    Args:
        accelerator: of this process.
        micro: `counts` of each micro-batch that this process has in the step.
        mean_over: part of a loss to the unit that it is a mean over.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        micro: Sequence[Tensor],
        mean_over: Mapping[str, str] = MEAN_OVER,
    ) -> None:
        self._mean_over = mean_over
        self._processes = accelerator.num_processes
        device = accelerator.device
        # Not double: no more is needed than weights have, and not every device has it.
        sizes = torch.stack(list(micro)).to(torch.get_default_dtype())
        sizes = sizes.pin_memory() if device.type == "cuda" else sizes
        sizes = sizes.to(device, non_blocking=True)
        joint: Tensor = accelerator.reduce(sizes.sum(0), "sum")  # pyright: ignore[reportAssignmentType]
        self._shares = sizes / joint.clamp(min=1)

    def share(self, number: int, parts: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the shares of micro-batch `number`.

        Over all processes and micro-batches they sum to means.
        """
        return {
            name: part * self._shares[number, UNITS.index(self._mean_over[name])]
            for name, part in parts.items()
        }

    def for_gradients(self, total: Tensor) -> Tensor:
        """Undo the division by the number of processes in averaged gradients."""
        return total * self._processes
