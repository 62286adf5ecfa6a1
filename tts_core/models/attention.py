"""Location-sensitive attention, its diagonal guide, and measures of its failures."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts_core.models.blocks import mean_of_valid
from tts_core.models.precision import full

BAND = 0.2


@dataclass
class AttentionState:
    """State that attention over B sentences carries from step to step.

    Attributes:
        memory: (B, N, D) the encodings. padding: (B, N) true behind a sentence's end.
        sums: (B, N, A) V h_i + U f_{t,i} + b of the step to come.
        location: (K, A) the location filters F and their projection U in one matrix.
    """

    memory: Tensor
    padding: Tensor
    sums: Tensor
    location: Tensor


class LocationSensitiveAttention(nn.Module):
    """Hybrid attention of Chorowski et al. 2015 (Eq. 9).

    In the form of Shen et al. 2018 (section 2.2):

        e_{t,i} = v^T tanh(W s_t + V h_i + U f_{t,i} + b),  f_t = F * sum_{t' < t} a_{t'},
        a_t = softmax(e_t),  c_t = sum_i a_{t,i} h_i

    Location features f are those of the cumulative weights (Shen et al.; of the previous step's
    weights in Chorowski et al.), from 32 filters 31 phones wide, in a hidden space of 128. F and U
    are linear and so is the convolution in the weights: one product per step adds U F * a_t to the
    sum of the next step, and V h + b is computed once a sentence.

    Args:
        memory, query: D of the encodings h and of the decoder state s.
        units: A. filters: of F. kernel: odd width of F, phones.
    """

    def __init__(
        self, memory: int, query: int, units: int = 128, filters: int = 32, kernel: int = 31
    ) -> None:
        super().__init__()
        self.query = nn.Linear(query, units, bias=False)
        self.memory = nn.Linear(memory, units)
        self.filters = nn.Linear(kernel, filters, bias=False)
        self.location = nn.Linear(filters, units, bias=False)
        self.score = nn.Linear(units, 1, bias=False)

    def start(self, memory: Tensor, mask: Tensor) -> AttentionState:
        """Return the state before the first step, with all weights zero.

        Encodings (B, N, D), mask (B, N).
        """
        location = (self.location.weight @ self.filters.weight).T
        return AttentionState(memory, ~mask, self.memory(memory), location)

    def step(self, query: Tensor, state: AttentionState) -> tuple[Tensor, Tensor]:
        """Return context (B, D) and weights (B, N); update `state`.

        query: decoder state (B, Q).
        """
        hidden = torch.tanh(state.sums + self.query(query)[:, None])
        weights = self.score(hidden)[..., 0].masked_fill(state.padding, -torch.inf).softmax(-1)
        kernel = state.location.shape[0]
        nearby = F.pad(weights, (kernel // 2, kernel // 2)).unfold(1, kernel, 1)
        state.sums = state.sums + nearby @ state.location
        return (weights[:, None] @ state.memory)[:, 0], weights


def relative_distance(weights: Tensor, token_lengths: Tensor, steps: Tensor) -> Tensor:
    """Return the distance of each phone and step from the diagonal.

    n / N - t / T, of phone n at step t.

    Args:
        weights: (B, T, N) with padding. token_lengths, steps: (B,) N and T of each utterance.

    Returns:
        (B, T, N).
    """
    device = weights.device
    n = torch.arange(weights.shape[2], device=device) / token_lengths.to(device)[:, None]
    t = torch.arange(weights.shape[1], device=device) / steps.to(device)[:, None]
    return n[:, None] - t[..., None]


def spoken_steps(weights: Tensor, steps: Tensor) -> Tensor:
    """Return (B, T): 1 within each utterance, 0 after its end."""
    positions = torch.arange(weights.shape[1], device=weights.device)
    return (positions < steps.to(weights.device)[:, None]).to(weights)


def guided_attention_loss(
    weights: Tensor, token_lengths: Tensor, steps: Tensor, sharpness: float = 0.2
) -> Tensor:
    """Return the guided attention loss (Tachibana et al. 2018, section 4.1).

    Mean of a_{t,n} (1 - exp(-(n/N - t/T)^2 / 2 g^2)).

    Args:
        weights: (B, T, N), zero at the phones' padding. token_lengths, steps: (B,).
        sharpness: g.

    Returns:
        A scalar: the mean over all valid pairs (n, t), as in the paper.
    """
    distance = relative_distance(weights, token_lengths, steps)
    penalty = 1 - torch.exp(-distance.square() / (2 * sharpness**2))
    total = ((weights * penalty).sum(-1) * spoken_steps(weights, steps)).sum()
    return total / (token_lengths * steps).sum().to(weights)


@dataclass(frozen=True)
class AttentionReport:
    """Attention measures of B sentences.

    Attributes:
        diagonality: (B,) share of the attention's mass within a fifth of the sentence of the
            diagonal (the attention diagonal ratio of Xu et al. 2020, LRSpeech), 0 to 1.
        coverage: (B,) share of the speech phones that some step attends to most, 0 to 1.
        stopped: (B,) whether the stop token came; false if the length guard ended the sentence.
    """

    diagonality: Tensor
    coverage: Tensor
    stopped: Tensor


def diagonality(weights: Tensor, token_lengths: Tensor, steps: Tensor) -> Tensor:
    """Attention diagonal ratio of each utterance (B,): see `AttentionReport`.

    Args:
        weights: (B, T, N), zero at the phones' padding. token_lengths, steps: (B,).
    """
    band = relative_distance(weights, token_lengths, steps).abs() <= BAND
    inside = (weights * band).sum(-1) * spoken_steps(weights, steps)
    return inside.sum(1) / steps.to(weights)


def attended_frames(weights: Tensor, lengths: Tensor, reduction: int) -> Tensor:
    """Return the frames whose step attends most to each phone: durations.

    Args:
        weights: (B, T / r, N). lengths: (B,) frames T. reduction: frames r per step.

    Returns:
        (B, N) frames; their sum is T.
    """
    best = weights.argmax(-1).repeat_interleave(reduction, 1)
    spoken = torch.arange(best.shape[1], device=best.device) < lengths.to(best.device)[:, None]
    counts = best.new_zeros(weights.shape[0], weights.shape[2])
    return counts.scatter_add_(1, best, spoken.long())


def coverage(durations: Tensor, phones: Tensor) -> Tensor:
    """Share of speech phones with at least one frame, (B,): see `AttentionReport`.

    Args:
        durations: (B, N) from `attended_frames`. phones: (B, N) true at speech phones.
    """
    return ((durations > 0) & phones).sum(1) / phones.sum(1).clamp(min=1)


def stop_loss(logits: Tensor, lengths: Tensor, weight: float) -> Tensor:
    """Binary cross-entropy of the stop token, a mean over all frames.

    The target is 1 at an utterance's last frame and 0 before; frames behind it count nothing. One
    frame in hundreds is positive: it weighs `weight` times (unpublished).

    Args:
        logits: (B, T). lengths: (B,) frames.
    """
    frames = torch.arange(logits.shape[1], device=logits.device)
    logits, lengths = full(logits), lengths.to(logits.device)[:, None]
    error = F.binary_cross_entropy_with_logits(
        logits,
        (frames == lengths - 1).to(logits),
        reduction="none",
        pos_weight=logits.new_full((), weight),
    )
    return mean_of_valid(error[..., None], frames < lengths)
