"""System of one linear layer: as little as a system can be."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tts_core.config import ModelConfig, StageConfig
from tts_core.models.batch import Batch
from tts_core.models.blocks import frame_index, mean_of_valid, take
from tts_core.models.context import TextContext
from tts_core.models.facts import CorpusFacts, ModelOutput
from tts_core.models.randomness import Randomness
from tts_core.models.stage import MEAN_OVER, Stage
from tts_core.models.system import System

FRAMES = 4


class Toy(System):
    """System that repeats one spectrum per phone for 4 frames."""

    def __init__(
        self, config: ModelConfig, facts: CorpusFacts, context: TextContext | None = None
    ) -> None:
        super().__init__(config, facts, context)
        self.spectra = nn.Embedding(facts.n_tokens, facts.n_mels)

    def stages(self, configs: Mapping[int, StageConfig]) -> dict[int, Stage]:
        weight = 1.0 / configs[1].accumulate
        return {
            1: Stage(
                "spectra",
                ("spectra",),
                self._loss,
                lambda _: {"absolute": weight},
                criterion="absolute",
                mean_over={**MEAN_OVER, "absolute": "frames"},
            )
        }

    def _loss(self, batch: Batch, _: Mapping[str, object]) -> dict[str, Tensor]:
        error = (self.teacher_forced(batch) - batch.mel).abs()
        return {"absolute": mean_of_valid(error, batch.frame_mask)}

    def teacher_forced(self, batch: Batch) -> Tensor:
        return self.decode(batch, batch.durations, None)

    def decode(
        self,
        batch: Batch,
        durations: Tensor,
        prosody: Tensor | None,
        generator: Randomness = None,  # noqa: ARG002
    ) -> Tensor:
        self.refuse_prosody(prosody)
        index = frame_index(durations, int(durations.sum(1).max()))
        return self.mel_scale.restore(take(self.spectra(batch.tokens), index))

    @torch.inference_mode()
    def synthesize(
        self,
        batch: Batch,
        generator: Randomness = None,
        rate: float = 1.0,
        prosody: Tensor | None = None,
    ) -> ModelOutput:
        durations = round(FRAMES / rate) * batch.token_mask.long()
        return ModelOutput(self.decode(batch, durations, prosody, generator), durations)
