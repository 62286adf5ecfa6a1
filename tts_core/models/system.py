"""Base class of all systems: the methods that every caller needs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from torch import Tensor, nn

from tts_core.config import ModelConfig, StageConfig
from tts_core.models.batch import Batch
from tts_core.models.context import TextContext
from tts_core.models.facts import CorpusFacts, MelScale, ModelOutput
from tts_core.models.mode import TEXT, Mode
from tts_core.models.randomness import Randomness
from tts_core.models.stage import Stage
from tts_core.types import Prepared


class LatentView(NamedTuple):
    """Picture of a latent that carries the prosody of a sentence.

    Attributes:
        title: of the picture. values: (rows, columns), without a unit.
        rows, columns: their names; empty where they are dimensions of the latent.
    """

    title: str
    values: np.ndarray
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


class System(nn.Module, ABC):
    """Acoustic model with everything it needs: text in, log-mel out.

    A system is registered in `tts_core.model_config.SYSTEMS`; `models.build.build` makes it. Its
    sub-module `decoder` makes the frames (`tts_core.decoder_training`).

    Args:
        config: widths. facts: inventory sizes and statistics of the training corpus.
        context: pre-trained text encoder, None for a system or a recipe without one.

    Attributes:
        modes: ways in which the system can be asked to speak.
        prosody_per: what a prosody latent belongs to. "sentence": z (B, Z). "word": vectors
            (B, W, d). "none": the system has no latent.
        prosody_size: Z or d; 0 without a latent.
    """

    modes: ClassVar[tuple[Mode, ...]] = (TEXT,)
    prosody_per: ClassVar[Literal["none", "sentence", "word"]] = "none"
    prosody_size: int = 0

    def __init__(
        self,
        config: ModelConfig,  # noqa: ARG002
        facts: CorpusFacts,
        context: TextContext | None = None,  # noqa: ARG002
    ) -> None:
        super().__init__()
        self.mel_scale = MelScale(facts)

    @abstractmethod
    def stages(self, configs: Mapping[int, StageConfig]) -> dict[int, Stage]:
        """Return the stages of training by number, 1, 2, ..."""

    @abstractmethod
    def teacher_forced(self, batch: Batch) -> Tensor:
        """Predict the recordings of a batch: log-mel (B, T, M), T theirs.

        The recordings' durations do the upsampling, autoregressive decoders read the true previous
        frame, and prosody latents are those of the recordings.
        """

    @abstractmethod
    def synthesize(
        self,
        batch: Batch,
        generator: Randomness = None,
        rate: float = 1.0,
        prosody: Tensor | None = None,
    ) -> ModelOutput:
        """Synthesize text: log-mel (B, T, M) with predicted durations.

        Args:
            generator: seeds latents and pre-nets. rate: above 1 is faster.
            prosody: (B, Z) or (B, W, d), instead of the system's own choice.

        Raises:
            ValueError: prosody given to a system without a latent.
        """

    def decode(
        self, batch: Batch, durations: Tensor, prosody: Tensor | None, generator: Randomness = None
    ) -> Tensor:
        """Synthesize under given durations (B, N), frames: log-mel (B, T, M).

        No frame of a recording is fed to the decoder.

        Raises:
            NotImplementedError: a system with attention, which reads no durations.
        """
        raise NotImplementedError(f"{type(self).__name__} reads no durations")

    def prosody(
        self,
        batch: Batch,  # noqa: ARG002
        mode: Mode,  # noqa: ARG002
        generator: Randomness = None,  # noqa: ARG002
        temperature: float = 1.0,  # noqa: ARG002
    ) -> Tensor | None:
        """Return the prosody that a mode renders, None without a latent.

        z (B, Z) or word vectors (B, W, d).

        Args:
            mode: `ORACLE` reads the recordings in the batch, the others read the text.
            temperature: 1 samples where the mode samples; 0 leaves all randomness out.
        """
        return None

    def oracle_prosody(self, batch: Batch) -> Tensor:
        """Return the recordings' prosody, (B, Z) or (B, W, d).

        Raises:
            NotImplementedError: a system without a latent.
        """
        raise NotImplementedError(f"{type(self).__name__} has no prosody latent")

    def attention_weights(self, batch: Batch) -> Tensor | None:  # noqa: ARG002
        """Return teacher-forced attention (B, T / r, N), None without attention."""
        return None

    def latent_views(self, row: Prepared, batch: Batch, mode: Mode) -> list[LatentView]:  # noqa: ARG002
        """Return pictures of the prosody latents of one recording.

        Args:
            row: the recording. batch: the same, B = 1.
            mode: `TEXT` once prosody is learnt from the text, and shown beside the recording's.
        """
        return []

    def refuse_prosody(self, prosody: Tensor | None) -> None:
        """Raise ValueError if prosody is given to a system without a latent."""
        if prosody is not None:
            raise ValueError(f"{type(self).__name__} has no prosody latent")
