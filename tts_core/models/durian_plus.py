"""DurIAN+: the baseline of CAMP.

Hodari et al. 2021, and chapter 6 of Hodari's thesis.

The same sequence-to-sequence model as `ntts_attention` with its attention replaced by durations:
phone encodings are replicated by a jointly trained duration predictor's frames and decoded by
Tacotron 2's autoregressive decoder with its post-net. All losses are L1.

Published: that (CAMP sections 2 and 4.2, Table 1). Unpublished and chosen here: all widths (Shen et
al. 2018), the layers of the duration predictor, the weight of its loss (0.025, Shah et al. 2021)
and its targets in frames, and DurIAN's position of a frame in its phone. LSTM zoneout is left out.
The decoder has 2 LSTM layers as Shen et al.'s; Hodari's thesis says 4 (`decoder_layers`).
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tts_core.config import ModelConfig, StageConfig
from tts_core.models.batch import Batch
from tts_core.models.blocks import ConvStack, Recurrent, mean_of_valid
from tts_core.models.context import TextContext
from tts_core.models.durations import PHONE_GROUP, whole_frames
from tts_core.models.facts import CorpusFacts, ModelOutput
from tts_core.models.frame_controls import frame_controls
from tts_core.models.frozen_cache import text_states, with_states
from tts_core.models.ntts import AutoregressiveDecoder, upsample
from tts_core.models.phones_and_words import PhonesAndWords
from tts_core.models.postnet import PostNet
from tts_core.models.precision import full
from tts_core.models.randomness import Randomness
from tts_core.models.stage import Stage
from tts_core.models.system import System


class PhoneDurationPredictor(nn.Module):
    """Duration predictor: phone encodings alone to frames per phone.

    3 convolutions, one LSTM, a linear layer.

    CAMP's predictor without its prosody branch (CAMP Table 1: phones are its only input; the stack
    is read from thesis Fig. 6.2d, unpublished for DurIAN+).

    Args:
        phones: D of the phone encodings. mean: frames of the average phone, where training starts.
    """

    def __init__(self, phones: int, config: ModelConfig, mean: float) -> None:
        super().__init__()
        self.convs = ConvStack(phones, config.duration, 3, 5, config.dropout)
        self.lstm = Recurrent(config.duration, config.duration, both_ways=False)
        self.output = nn.Linear(config.duration, 1)
        nn.init.constant_(self.output.bias, mean)

    def forward(self, phones: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
        """Predict frames (B, N).

        phones: (B, N, D). mask: (B, N). lengths: (B,).
        """
        return self.output(self.lstm(self.convs(phones, mask), lengths))[..., 0]


class Predicted(NamedTuple):
    """Teacher-forced prediction.

    before, after: z-scored mel (B, T, M) on both sides of the post-net. frames: (B, N).
    """

    before: Tensor
    after: Tensor
    frames: Tensor


class DurIANPlus(System):
    """DurIAN+, the whole system; one stage trains all of it.

    Args:
        config: widths. facts: inventory sizes and statistics of the training corpus. context: text
            encoder beside the phones (the negative control), or None.
    """

    def __init__(
        self, config: ModelConfig, facts: CorpusFacts, context: TextContext | None = None
    ) -> None:
        super().__init__(config, facts, context)
        self.encoder = PhonesAndWords(config, facts, context)
        self.duration_predictor = PhoneDurationPredictor(
            self.encoder.dim, config, facts.duration_mean[PHONE_GROUP]
        )
        self.decoder = AutoregressiveDecoder(self.encoder.dim + 1, facts.n_mels, config)
        self.postnet = PostNet(facts.n_mels, config.postnet, config.dropout)

    def forward(self, batch: Batch) -> Predicted:
        """Predict, teacher-forced; the recordings' durations do the upsampling."""
        encodings = self.encoder(batch)
        frames = self.duration_predictor(encodings, batch.token_mask, batch.token_lengths)
        condition = upsample(encodings, batch.durations, batch.n_frames)
        before = self.decoder(condition, self.mel_scale.normalise(batch.mel))
        return Predicted(before, self.postnet(before, batch.frame_mask), frames)

    def acoustic_loss(self, batch: Batch) -> dict[str, Tensor]:
        """Return L1 losses of normalised mel and durations in frames.

        The mel is compared before and after the post-net.

        "mel" is the one after the post-net: what is heard.
        """
        predicted = self(batch)
        target = self.mel_scale.normalise(batch.mel)
        durations = (full(predicted.frames) - batch.durations).abs()[..., None]
        return {
            "mel_before": mean_of_valid((predicted.before - target).abs(), batch.frame_mask),
            "mel": mean_of_valid((predicted.after - target).abs(), batch.frame_mask),
            "duration": mean_of_valid(durations, batch.token_mask),
        }

    def stages(self, configs: Mapping[int, StageConfig]) -> dict[int, Stage]:
        """Return the one stage, which trains everything."""
        weights = {"mel_before": 1.0, "mel": 1.0, "duration": configs[1].duration_weight}
        stage = Stage(
            "acoustic model and durations",
            ("encoder", "decoder", "postnet", "duration_predictor"),
            lambda batch, cached: self.acoustic_loss(with_states(batch, cached)),
            lambda _: weights,
            criterion="mel",
            remember=lambda rows, _: text_states(self.encoder.context, rows),
            measures=lambda rows, *_: frame_controls(rows, self.mel_scale, 1),
        )
        return {1: stage}

    def teacher_forced(self, batch: Batch) -> Tensor:
        """Predict the recordings: log-mel (B, T, M) after the post-net."""
        return self.mel_scale.restore(self(batch).after)

    def decode(
        self, batch: Batch, durations: Tensor, prosody: Tensor | None, generator: Randomness = None
    ) -> Tensor:
        """Synthesize under given durations (B, N), frames: log-mel (B, T, M)."""
        self.refuse_prosody(prosody)
        return self._decoded(self.encoder(batch), durations, generator)

    def _decoded(self, encodings: Tensor, durations: Tensor, generator: Randomness) -> Tensor:
        lengths = durations.sum(1)
        n_frames = int(lengths.max())
        before = self.decoder.generate(upsample(encodings, durations, n_frames), generator)
        mask = torch.arange(n_frames, device=before.device) < lengths[:, None]
        return self.mel_scale.restore(self.postnet(before, mask))

    @torch.inference_mode()
    def synthesize(
        self,
        batch: Batch,
        generator: Randomness = None,
        rate: float = 1.0,
        prosody: Tensor | None = None,
    ) -> ModelOutput:
        """Synthesize text: log-mel (B, T, M) with predicted durations."""
        self.refuse_prosody(prosody)
        encodings = self.encoder(batch)
        frames = self.duration_predictor(encodings, batch.token_mask, batch.token_lengths) / rate
        durations = whole_frames(frames.clamp(min=0), batch.groups, batch.token_mask)
        return ModelOutput(self._decoded(encodings, durations, generator), durations)
