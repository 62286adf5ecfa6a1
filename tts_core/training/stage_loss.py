"""Loss of a training stage as a module; other parts are frozen."""

import torch
from torch import Tensor, nn

from tts_core.models.batch import Batch
from tts_core.models.context import TextContext
from tts_core.models.frozen_cache import Cached
from tts_core.models.stage import Stage
from tts_core.models.system import System


class StageLoss(nn.Module):
    """Module whose forward pass is a stage's loss, ready for many devices.

    Args:
        bf16: compute in bfloat16 where it does no harm; exceptions: `models.precision`.
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
        """Set the learning parts to training mode, frozen ones to evaluation."""
        super().train(False)
        self.training = mode
        for name in self.stage.trains:
            self.model.get_submodule(name).train(mode)
        return self

    def forward(self, batch: Batch, cached: Cached) -> dict[str, Tensor]:
        """Return the parts of the loss, each a scalar."""
        with torch.autocast(batch.tokens.device.type, torch.bfloat16, enabled=self.bf16):
            return self.stage.loss(batch, cached)
