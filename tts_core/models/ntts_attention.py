"""NTTS with attention: the sequence-to-sequence baseline "s2s" of CAMP, a Tacotron 2.

Shen et al. 2018 (arXiv 1712.05884, section 2.2) as Hodari et al. 2021 use it: phones
instead of characters, L1 losses before and after the post-net. Two readings are left open and are
switches: 2 LSTM layers in the decoder (Shen et al.) or 4 (Hodari's thesis); one frame per step or
several (`reduction`, Wang et al. 2017). Shen et al.'s zoneout is left out: the layers above the
attention run as one fused call in training. Unpublished for s2s and chosen here: all widths (Shen
et al.'s), the stop token's weight, and guided attention, which is an option.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from tts_core.config import ModelConfig, StageConfig
from tts_core.models.attention import (
    AttentionReport,
    attended_frames,
    coverage,
    diagonality,
    guided_attention_loss,
    stop_loss,
)
from tts_core.models.attention_decoder import AttentionDecoder, Decoded
from tts_core.models.batch import Batch
from tts_core.models.blocks import mean_of_valid, take
from tts_core.models.context import TextContext
from tts_core.models.durations import PHONE_GROUP
from tts_core.models.facts import CorpusFacts, ModelOutput
from tts_core.models.frame_controls import frame_controls
from tts_core.models.frozen_cache import text_states, with_states
from tts_core.models.mode import Mode
from tts_core.models.phones_and_words import PhonesAndWords
from tts_core.models.postnet import PostNet
from tts_core.models.randomness import Randomness
from tts_core.models.stage import Stage
from tts_core.models.system import System

# Unpublished: a sentence that is this many times as long as the corpus would read it is a runaway.
LONGEST = 3.0


class NTTSAttention(System):
    """NTTS with attention, the whole system; one stage trains all.

    Args:
        config: widths. facts: inventory sizes and statistics of the training corpus. context: text
            encoder beside the phones (the negative control), or None.
    """

    # Attention reads no durations.
    modes = (Mode("text", False, ("own",)),)
    duration_mean: Tensor

    def __init__(
        self, config: ModelConfig, facts: CorpusFacts, context: TextContext | None = None
    ) -> None:
        super().__init__(config, facts, context)
        self.encoder = PhonesAndWords(config, facts, context)
        self.decoder = AttentionDecoder(self.encoder.dim, facts.n_mels, config)
        self.postnet = PostNet(facts.n_mels, config.postnet, config.dropout)
        self.stop_weight = config.stop_weight
        self.register_buffer("duration_mean", facts.duration_statistics()[0])

    def forward(self, batch: Batch) -> tuple[Decoded, Tensor]:
        """Predict, teacher-forced: decoder's output, and mel after the post-net (B, T, M)."""
        memory = self.encoder(batch)
        mel = self.mel_scale.normalise(batch.mel)
        decoded = self.decoder(memory, batch.token_mask, mel)
        return decoded, self.postnet(decoded.mel, batch.frame_mask)

    def acoustic_loss(self, batch: Batch) -> dict[str, Tensor]:
        """Return the losses: L1 of the mel, stop token, guided attention.

        The normalised mel is compared before and after the post-net.

        "mel" is the one after the post-net: what is heard. "diagonality" and "coverage" are
        measures (`AttentionReport`), not losses.
        """
        decoded, after = self(batch)
        target = self.mel_scale.normalise(batch.mel)
        steps = (batch.frame_lengths + self.decoder.reduction - 1) // self.decoder.reduction
        weights = decoded.weights
        durations = attended_frames(weights, batch.frame_lengths, self.decoder.reduction)
        return {
            "mel_before": mean_of_valid((decoded.mel - target).abs(), batch.frame_mask),
            "mel": mean_of_valid((after - target).abs(), batch.frame_mask),
            "stop": stop_loss(decoded.stop, batch.frame_lengths, self.stop_weight),
            "guided_attention": guided_attention_loss(weights, batch.token_lengths, steps),
            "diagonality": diagonality(weights.detach(), batch.token_lengths, steps).mean(),
            "coverage": coverage(durations, self._speech(batch)).mean(),
        }

    def stages(self, configs: Mapping[int, StageConfig]) -> dict[int, Stage]:
        """Return the one stage, which trains everything; measures have weight 0."""
        guided = configs[1].guided_attention_weight
        weights = {"mel_before": 1.0, "mel": 1.0, "stop": 1.0, "guided_attention": guided}
        weights |= {"diagonality": 0.0, "coverage": 0.0}
        stage = Stage(
            "acoustic model with attention",
            ("encoder", "decoder", "postnet"),
            lambda batch, cached: self.acoustic_loss(with_states(batch, cached)),
            lambda _: weights,
            criterion="mel",
            mode=self.modes[0],
            remember=lambda rows, _: text_states(self.encoder.context, rows),
            measures=lambda rows, *_: frame_controls(rows, self.mel_scale, 1),
            reduction=self.decoder.reduction,
        )
        return {1: stage}

    def teacher_forced(self, batch: Batch) -> Tensor:
        """Predict the recordings: log-mel (B, T, M) after the post-net."""
        return self.mel_scale.restore(self(batch)[1])

    def attention_weights(self, batch: Batch) -> Tensor:
        """Return teacher-forced attention (B, T / r, N)."""
        return self(batch)[0].weights

    @torch.inference_mode()
    def synthesize(
        self,
        batch: Batch,
        generator: Randomness = None,
        rate: float = 1.0,
        prosody: Tensor | None = None,
    ) -> ModelOutput:
        """Synthesize text: log-mel (B, T, M).

        Durations are what the attention dwelt on: frames per most attended phone, which may be 0.
        There are none to scale beforehand: for a `rate` the spectrogram is resampled in time.
        """
        self.refuse_prosody(prosody)
        memory = self.encoder(batch)
        longest = self._longest(batch)
        decoded, lengths, stopped = self.decoder.generate(
            memory, batch.token_mask, longest, generator
        )
        n_frames = int(lengths.max())
        mask = torch.arange(n_frames, device=memory.device) < lengths[:, None]
        mel = self.mel_scale.restore(self.postnet(decoded.mel[:, :n_frames], mask))
        reduction = self.decoder.reduction
        durations = attended_frames(decoded.weights, lengths, reduction)
        steps = (lengths + reduction - 1) // reduction
        report = AttentionReport(
            diagonality(decoded.weights, batch.token_lengths, steps),
            coverage(durations, self._speech(batch)),
            stopped,
        )
        if rate != 1.0:
            mel, durations = resampled(mel, durations, rate)
        return ModelOutput(mel, durations, report)

    def _longest(self, batch: Batch) -> Tensor:
        """Return the frames (B,) after which a sentence is cut off."""
        expected = (self.duration_mean[batch.groups] * batch.token_mask).sum(1)
        return (LONGEST * expected).ceil().long().clamp(min=1)

    def _speech(self, batch: Batch) -> Tensor:
        return (batch.groups == PHONE_GROUP) & batch.token_mask


def resampled(mel: Tensor, durations: Tensor, rate: float) -> tuple[Tensor, Tensor]:
    """Resample in time, `rate` times as fast.

    mel: (B, T, M), linearly between its frames. durations: (B, N).
    """
    # The last frame of each sentence: what follows it in a batch is padding.
    last = (durations.sum(1, keepdim=True) - 1).clamp(min=0)
    ends = (durations.cumsum(1) / rate).round().long()
    durations = torch.diff(ends, dim=1, prepend=ends.new_zeros(len(ends), 1))
    n_frames = max(int(ends[:, -1].max()), 1)
    at = torch.minimum(torch.arange(n_frames, device=mel.device) * rate, last.float())
    before = at.floor().long()
    after = torch.minimum(before + 1, last)
    share = (at - before)[..., None].to(mel.dtype)
    return take(mel, before) * (1 - share) + take(mel, after) * share, durations
