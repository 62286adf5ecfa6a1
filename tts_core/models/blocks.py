"""Parts that the systems share. Shapes: see `tts_core.types`."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts_core.model_config import ModelConfig
from tts_core.models.precision import FullLSTM, full
from tts_core.models.processes import sum_over_processes
from tts_core.models.randomness import Randomness, drawn


class MaskedBatchNorm(nn.Module):
    """Batch normalisation whose statistics ignore padding.

    With plain batch normalisation the same utterance would train differently beside a long one than
    beside a short one. Many processes share the statistics of their joint batch.

    Args:
        channels: D.
        momentum: weight of the newest batch in the running statistics.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, channels: int, momentum: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Normalise x (B, D, ...) under a mask.

        The mask (B, 1, ...) broadcasts over x.
        """
        x = full(x)
        shape = (1, -1) + (1,) * (x.dim() - 2)
        mean, variance = self.mean, self.variance
        if self.training:
            weight = mask.to(x.dtype).expand(x.shape[0], 1, *x.shape[2:])
            count = sum_over_processes(weight.sum()).clamp(min=1.0)
            dims = [0, *range(2, x.dim())]
            mean = sum_over_processes((x * weight).sum(dims)) / count
            squares = ((x - mean.view(shape)).square() * weight).sum(dims)
            variance = sum_over_processes(squares) / count
            self._follow(mean, variance)
        x = (x - mean.view(shape)) * torch.rsqrt(variance.view(shape) + self.eps)
        return (x * self.weight.view(shape) + self.bias.view(shape)) * mask

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        # A step that is not finite is skipped (`training.optimise`): it must leave no trace here.
        for running, newest in ((self.mean, mean), (self.variance, variance)):
            moved = running.lerp(newest.to(running.dtype), self.momentum)
            running.copy_(torch.where(moved.isfinite(), moved, running))


class ConvStack(nn.Module):
    """`layers` x (Conv1d, batch norm, ReLU, dropout), as in Tacotron 2's encoder.

    Args:
        inputs, channels: D in and out.
        kernel: odd width of the convolutions.
    """

    def __init__(
        self, inputs: int, channels: int, layers: int = 3, kernel: int = 5, dropout: float = 0.5
    ) -> None:
        super().__init__()
        sizes = [inputs] + [channels] * layers
        self.convs = nn.ModuleList(
            nn.Conv1d(a, b, kernel, padding=kernel // 2) for a, b in pairwise(sizes)
        )
        self.norms = nn.ModuleList(MaskedBatchNorm(channels) for _ in range(layers))
        self.dropout = dropout

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, N, D_in), (B, N) to (B, N, D_out); padding stays zero."""
        keep = mask[:, None]
        x = x.transpose(1, 2) * keep
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.dropout(F.relu(norm(conv(x), keep)), self.dropout, self.training)
        return x.transpose(1, 2)


class Recurrent(nn.Module):
    """LSTM layers, one-way or both ways, that never read padding.

    The backward direction reads each sequence reversed within its own length. That lets both
    directions run as fused calls over the padded batch, several times faster on a CPU than packing.

    Args:
        inputs: D. units: per direction. layers: stacked. both_ways: outputs have 2 x units
        channels.
    """

    def __init__(self, inputs: int, units: int, layers: int = 1, both_ways: bool = True) -> None:
        super().__init__()
        sizes = [inputs] + [units * (2 if both_ways else 1)] * (layers - 1)
        self.ahead = nn.ModuleList(FullLSTM(size, units, batch_first=True) for size in sizes)
        self.back = nn.ModuleList(
            FullLSTM(size, units, batch_first=True) for size in (sizes if both_ways else ())
        )

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Map (B, N, D), lengths (B,) to (B, N, units x directions).

        Zero at padding.
        """
        steps = torch.arange(x.shape[1], device=x.device)
        lengths = lengths.to(x.device)[:, None]
        mask = steps < lengths
        # Its own inverse: t -> length - 1 - t inside the sequence, t -> t behind it.
        reverse = torch.where(mask, lengths - 1 - steps, steps)
        for layer, ahead in enumerate(self.ahead):
            out = [ahead(x)[0]]
            if self.back:
                out.append(take(self.back[layer](take(x, reverse))[0], reverse))
            x = torch.cat(out, -1)
        return x * mask[..., None]


class PhoneEncoder(nn.Module):
    """Phone encoder (Shen et al. 2018): phones to phone encodings Y.

    Embedding, 3 convolutions, one BiLSTM.

    An embedding is a linear layer on the papers' one-hot phones. Shen et al.'s zoneout is left out.

    Args:
        n_tokens: size of the phone inventory; id 0 is padding.
        embedding, channels: D of the embedding and of Y.
        condition: width of a sentence vector that joins every embedding; 0 without.
        layers: BiLSTMs. CAMP says "as in Tacotron 2", which is 1; thesis Fig. 6.2 draws 2.
    """

    def __init__(
        self,
        n_tokens: int,
        embedding: int,
        channels: int,
        kernel: int = 5,
        dropout: float = 0.5,
        condition: int = 0,
        layers: int = 1,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_tokens, embedding, padding_idx=0)
        self.convs = ConvStack(embedding + condition, channels, 3, kernel, dropout)
        self.lstm = Recurrent(channels, channels // 2, layers)

    @classmethod
    def of(cls, config: ModelConfig, n_tokens: int) -> "PhoneEncoder":
        """Return an acoustic model's encoder in the widths of a recipe."""
        return cls(
            n_tokens,
            config.embedding,
            config.encoder,
            config.encoder_kernel,
            config.dropout,
            layers=config.encoder_layers,
        )

    def forward(
        self, tokens: Tensor, mask: Tensor, lengths: Tensor, condition: Tensor | None = None
    ) -> Tensor:
        """Map tokens (B, N) to Y (B, N, D).

        mask: (B, N). lengths: (B,). condition: (B, C).
        """
        x = self.embedding(tokens)
        if condition is not None:
            x = torch.cat([x, condition[:, None].expand(-1, x.shape[1], -1)], -1)
        return self.lstm(self.convs(x, mask), lengths)


class Prenet(nn.Module):
    """Pre-net: two ReLU layers whose dropout stays on (Shen et al. 2018).

    It is on in synthesis, too: it keeps an autoregressive decoder from copying its previous output.
    """

    def __init__(self, inputs: int, units: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(inputs, units), nn.Linear(units, units)])
        self.dropout = dropout

    def forward(self, x: Tensor, generator: Randomness = None, drop: bool = True) -> Tensor:
        """(..., D_in) to (..., units). `generator` seeds the dropout of a synthesis."""
        for layer in self.layers:
            x = F.relu(layer(x))
            if self.dropout == 0 or not drop:
                continue
            x = x * (drawn(torch.rand, x, generator) >= self.dropout) / (1 - self.dropout)
        return x


class SteppedLSTM(FullLSTM):
    """Causal LSTM: whole sequences in one call, or step by step.

    Both ways have the same weights.

    Called on one frame, `nn.LSTM` re-packs its weights on a CPU every time; `torch.lstm_cell` does
    not.
    """

    def __init__(self, inputs: int, units: int, layers: int) -> None:
        super().__init__(inputs, units, layers, batch_first=True)

    def start(self, like: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Zero states for a batch like `like` (B, ...)."""
        zero = like.new_zeros(like.shape[0], self.hidden_size)
        return [(zero, zero)] * self.num_layers

    def step(self, x: Tensor, states: list[tuple[Tensor, Tensor]]) -> Tensor:
        """(B, D) to (B, units); updates `states` in place."""
        for i in range(self.num_layers):
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            weights = [getattr(self, f"{name}_l{i}") for name in names]
            states[i] = torch.lstm_cell(x, states[i], *weights)
            x = states[i][0]
        return x


def frame_index(durations: Tensor, n_frames: int) -> Tensor:
    """Return the token that each frame belongs to.

    Args:
        durations: (B, N) frames per token, 0 at padding.
        n_frames: T, at least the longest sum.

    Returns:
        (B, T) int64; frames after an utterance's end point at the batch's last token.
    """
    ends = durations.cumsum(1)
    frames = torch.arange(n_frames, device=durations.device).expand(durations.shape[0], -1)
    return torch.searchsorted(ends, frames.contiguous(), right=True).clamp(
        max=durations.shape[1] - 1
    )


def take(x: Tensor, index: Tensor) -> Tensor:
    """Return rows of x at index, (B, K, D).

    x: (B, N, D). index: (B, K).
    """
    return x.gather(1, index[..., None].expand(-1, -1, x.shape[-1]))


def position_in_token(durations: Tensor, index: Tensor) -> Tensor:
    """DurIAN's relative position of each frame in its token, in [0, 1).

    Args:
        durations: (B, N). index: (B, T) from `frame_index`.

    Returns:
        (B, T, 1).
    """
    starts = durations.cumsum(1) - durations
    frames = torch.arange(index.shape[1], device=index.device)
    length = durations.gather(1, index).clamp(min=1)
    return ((frames - starts.gather(1, index)) / length).clamp(0, 1)[..., None]


def first_and_last(states: Tensor, lengths: Tensor) -> Tensor:
    """Concatenate the first and the last state of a sequence (Kathaka 3.2.1).

    The paper is taken literally: of a BiLSTM these are both directions' states at both ends; each
    direction's final state alone would be another reading.

    Args:
        states: (B, N, D). lengths: (B,).

    Returns:
        (B, 2 D).
    """
    return torch.cat([states[:, 0], last_state(states, lengths)], -1)


def last_state(states: Tensor, lengths: Tensor) -> Tensor:
    """Return the state at each sequence's true end, (B, D).

    states: (B, N, D). lengths: (B,).
    """
    last = (lengths - 1).to(states.device)
    return take(states, last[:, None])[:, 0]


def mean_of_valid(values: Tensor, mask: Tensor) -> Tensor:
    """Return the mean over a mask, a scalar.

    values: (B, N, D). mask: (B, N).
    """
    values = full(values)
    weight = mask.to(values.dtype)[..., None]
    return (values * weight).sum() / (weight.sum() * values.shape[-1]).clamp(min=1.0)
