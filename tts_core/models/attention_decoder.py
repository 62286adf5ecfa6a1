"""Tacotron 2's decoder with attention.

Its layers are fused where nothing waits for the attention, and stepped where something does.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts_core.config import ModelConfig
from tts_core.models.attention import LocationSensitiveAttention
from tts_core.models.blocks import Prenet, SteppedLSTM
from tts_core.models.precision import in_full_precision
from tts_core.models.randomness import Randomness
from tts_core.models.stepping import SteppedLayer


class Decoded(NamedTuple):
    """Output of the attention decoder.

    mel: (B, T, M) z-scores. stop: (B, T) logits. weights: (B, T / r, N) attention.
    """

    mel: Tensor
    stop: Tensor
    weights: Tensor


class AttentionDecoder(nn.Module):
    """Decoder: phone encodings and previous frames to frames and stop logits.

    One step makes `reduction` frames.

    The first LSTM layer reads [prenet(x_{t-1}) ; c_{t-1}] and its state queries the attention; the
    layers above read [s_t ; c_t]; frames and stop logits are linear in [h_t ; c_t]. Shen et al.
    write of a stack of LSTM layers and not of which one queries the attention; that the layers
    above it read the new context is the common reading. Only what the attention needs runs step by
    step in training, the layers above in one fused call.

    Args:
        memory: D of the encodings. n_mels: M.
    """

    def __init__(self, memory: int, n_mels: int, config: ModelConfig) -> None:
        super().__init__()
        self.n_mels, self.reduction = n_mels, config.reduction
        self.prenet = Prenet(n_mels, config.prenet, config.prenet_dropout)
        self.attention = LocationSensitiveAttention(memory, config.decoder, config.attention)
        self.query_lstm = SteppedLSTM(config.prenet + memory, config.decoder, 1)
        self.lstm = SteppedLSTM(config.decoder + memory, config.decoder, config.decoder_layers - 1)
        self.output = nn.Linear(config.decoder + memory, config.reduction * n_mels)
        self.stop = nn.Linear(config.decoder + memory, config.reduction)

    @in_full_precision
    def forward(self, memory: Tensor, mask: Tensor, mel: Tensor) -> Decoded:
        """Predict, teacher-forced: as many frames out as in.

        memory: encodings (B, N, D) with their mask. mel: true frames (B, T, M), padded to whole
        steps.
        """
        n_frames = mel.shape[1]
        n_steps = -(-n_frames // self.reduction)
        last = F.pad(mel, (0, 0, self.reduction, 0))[:, self.reduction - 1 :: self.reduction]
        prenet = self.prenet(last[:, :n_steps])
        attending, states = self.attention.start(memory, mask), self.query_lstm.start(memory)
        context = memory.new_zeros(memory.shape[0], memory.shape[2])
        read: list[Tensor] = []
        weights: list[Tensor] = []
        for frame in prenet.unbind(1):
            query = self.query_lstm.step(torch.cat([frame, context], -1), states)
            context, attended = self.attention.step(query, attending)
            read.append(torch.cat([query, context], -1))
            weights.append(attended)
        above = torch.stack(read, 1)
        hidden, _ = self.lstm(above)
        joined = torch.cat([hidden, above[..., -memory.shape[2] :]], -1)
        frames = self.output(joined).unflatten(-1, (self.reduction, self.n_mels)).flatten(1, 2)
        stop = self.stop(joined).flatten(1)
        return Decoded(frames[:, :n_frames], stop[:, :n_frames], torch.stack(weights, 1))

    def generate(
        self,
        memory: Tensor,
        mask: Tensor,
        longest: Tensor,
        generator: Randomness = None,
    ) -> tuple[Decoded, Tensor, Tensor]:
        """Free running until every sentence has stopped.

        Args:
            memory: (B, N, D). mask: (B, N). longest: (B,) frames after which the guard stops.

        Returns:
            What was decoded, the length of each sentence (B,) in frames, and whether its stop token
            came (B,). A sentence ends with the first frame whose stop probability exceeds 1/2.
        """
        walk = Walk(self, memory, mask)
        frame = memory.new_zeros(memory.shape[0], self.n_mels)
        lengths, stopped = torch.zeros_like(longest), torch.zeros_like(longest, dtype=torch.bool)
        made: list[tuple[Tensor, Tensor, Tensor]] = []
        while not bool((lengths > 0).all()):
            joined, weights = walk.step(self.prenet(frame, generator))
            frames = self.output(joined).unflatten(-1, (self.reduction, self.n_mels))
            stop = self.stop(joined)
            frame = frames[:, -1]
            before = len(made) * self.reduction
            made.append((frames, stop, weights))
            asks, speaking = (stop > 0).any(1), lengths == 0
            ends = torch.where(asks, before + 1 + (stop > 0).int().argmax(1), longest)
            ends = torch.minimum(ends, longest)
            over = speaking & (ends <= before + self.reduction)
            stopped |= over & asks
            lengths = torch.where(over, ends, lengths)
        frames, stop, weights = (torch.stack(part, 1) for part in zip(*made, strict=True))
        return Decoded(frames.flatten(1, 2), stop.flatten(1), weights), lengths, stopped


class Walk:
    """One free run of a decoder over B sentences, step by step.

    Both LSTMs read the context c = sum_i a_i h_i and are linear in it, so that also
    W c = sum_i a_i W h_i. With fewer phones than channels W h_i is computed once a sentence, which
    saves a fifth of all that a step reads from memory.

    Args:
        decoder: whose. memory: (B, N, D) encodings. mask: (B, N).
    """

    def __init__(self, decoder: AttentionDecoder, memory: Tensor, mask: Tensor) -> None:
        self.attention, self.width = decoder.attention, memory.shape[2]
        self.projected = memory.shape[0] * memory.shape[1] < self.width
        skip = self.width if self.projected else 0
        self.query = SteppedLayer(decoder.query_lstm, 0, memory, skip)
        self.first = SteppedLayer(decoder.lstm, 0, memory, skip)
        above = range(1, decoder.lstm.num_layers)
        self.above = [SteppedLayer(decoder.lstm, layer, memory) for layer in above]
        self.state = decoder.attention.start(memory, mask)
        if self.projected:
            shares = (memory @ layer.skipped.T for layer in (self.query, self.first))
            self.state.memory = torch.cat([memory, *shares], -1)
        self.context = memory.new_zeros(memory.shape[0], self.state.memory.shape[2])

    def step(self, prenet: Tensor) -> tuple[Tensor, Tensor]:
        """Map the frame after the pre-net to [h_t ; c_t] and weights.

        (B, P) to (B, Q + D) and (B, N).
        """
        query = self._step(self.query, prenet, 0)
        self.context, weights = self.attention.step(query, self.state)
        hidden = self._step(self.first, query, 1)
        for layer in self.above:
            hidden = layer.step(hidden)
        return torch.cat([hidden, self.context[:, : self.width]], 1), weights

    def _step(self, layer: SteppedLayer, x: Tensor, index: int) -> Tensor:
        if not self.projected:
            return layer.step(torch.cat([x, self.context], 1))
        return layer.step(x, self.context[:, self.width :].chunk(2, 1)[index])
