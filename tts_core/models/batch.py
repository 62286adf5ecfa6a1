"""Padded batches of utterances: text that models read, recordings they learn from."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from tts_core.text.tokens import duration_group
from tts_core.types import Encoded, Prepared


@dataclass(frozen=True)
class Batch:
    """Batch of B utterances.

    Masks are true where there is no padding; lengths stay on the CPU.

    Attributes:
        tokens, token_unit, groups: (B, N) token ids, their unit, their duration group.
        token_mask: (B, N). token_lengths: (B,).
        pos, word_class, compound, punctuation: (B, W). unit_mask: (B, W). unit_lengths: (B,).
        pieces, piece_unit: (B, S); the unit of special tokens, of neighbouring
            sentences' pieces and of padding is -1.
        piece_mask: (B, S). piece_lengths: (B,).
        nodes: (B, G) node labels. adjacency: (B, G, G), undirected, with self-loops.
        leaves: (B, L) node indices. leaf_lengths: (B,).
        durations: (B, N) frames. mel: (B, T, M) log-mel. frame_mask: (B, T). frame_lengths: (B,).
        index: (B,) position of each utterance in its corpus split (to look cached targets up).
        text_states: (B, S, D) cached outputs of a frozen text encoder.
    """

    tokens: Tensor
    token_unit: Tensor
    groups: Tensor
    token_mask: Tensor
    token_lengths: Tensor
    pos: Tensor
    word_class: Tensor
    compound: Tensor
    punctuation: Tensor
    unit_mask: Tensor
    unit_lengths: Tensor
    pieces: Tensor
    piece_unit: Tensor
    piece_mask: Tensor
    piece_lengths: Tensor
    nodes: Tensor
    adjacency: Tensor
    leaves: Tensor
    leaf_lengths: Tensor
    durations: Tensor
    mel: Tensor
    frame_mask: Tensor
    frame_lengths: Tensor
    index: Tensor
    text_states: Tensor | None = None

    @property
    def n_frames(self) -> int:
        """T, padding included."""
        return self.mel.shape[1]

    def to(self, device: torch.device) -> "Batch":
        """Copy to another device, without waiting; `index` stays on the CPU."""
        moved = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, Tensor) and f.name != "index":
                # Only from pinned memory can a GPU fetch while the CPU continues.
                value = value.pin_memory() if device.type == "cuda" else value
                moved[f.name] = value.to(device, non_blocking=True)
        return replace(self, **moved)


def collate(
    texts: Sequence[Encoded],
    recordings: Sequence[Prepared] | None = None,
    index: Sequence[int] | None = None,
    n_mels: int = 80,
) -> Batch:
    """Pad utterances to a batch.

    Args:
        texts: B encoded sentences.
        recordings: the same sentences' recordings; without them durations are 0 and T is 0.
        index: positions in the corpus split.
    """
    size = len(texts)
    token_lengths = _lengths([t.tokens for t in texts])
    unit_lengths = _lengths([t.pos for t in texts])
    piece_lengths = _lengths([t.pieces for t in texts])
    if recordings is None:
        durations = [np.zeros(len(t.tokens), np.int64) for t in texts]
        mel = torch.zeros(size, 0, n_mels)
        frame_lengths = torch.zeros(size, dtype=torch.int64)
    else:
        durations = [r.durations for r in recordings]
        mel = pad_sequence([torch.from_numpy(r.mel).float() for r in recordings], batch_first=True)
        frame_lengths = _lengths([r.mel for r in recordings])
    return Batch(
        tokens=_pad([t.tokens for t in texts]),
        token_unit=_pad([t.token_unit for t in texts]),
        groups=_pad([duration_group(t.tokens) for t in texts]),
        token_mask=_mask(token_lengths),
        token_lengths=token_lengths,
        pos=_pad([t.pos for t in texts]),
        word_class=_pad([t.word_class for t in texts]),
        compound=_pad([t.compound for t in texts]),
        punctuation=_pad([t.punctuation for t in texts]),
        unit_mask=_mask(unit_lengths),
        unit_lengths=unit_lengths,
        pieces=_pad([t.pieces for t in texts]),
        piece_unit=_pad([t.piece_unit for t in texts], value=-1),
        piece_mask=_mask(piece_lengths),
        piece_lengths=piece_lengths,
        nodes=_pad([t.node_labels for t in texts]),
        adjacency=_adjacency([t.node_parents for t in texts]),
        leaves=_pad([t.leaves for t in texts]),
        leaf_lengths=_lengths([t.leaves for t in texts]),
        durations=_pad(durations),
        mel=mel,
        frame_mask=_mask(frame_lengths, mel.shape[1]),
        frame_lengths=frame_lengths,
        index=torch.tensor(list(index) if index is not None else [0] * size),
    )


def _pad(rows: Sequence[np.ndarray], value: int = 0) -> Tensor:
    tensors = [torch.from_numpy(np.ascontiguousarray(row, dtype=np.int64)) for row in rows]
    return pad_sequence(tensors, batch_first=True, padding_value=value)


def _lengths(rows: Sequence[np.ndarray]) -> Tensor:
    return torch.tensor([len(row) for row in rows], dtype=torch.int64)


def _mask(lengths: Tensor, longest: int | None = None) -> Tensor:
    longest = int(lengths.max()) if longest is None else longest
    return torch.arange(longest) < lengths[:, None]


def _adjacency(parents: Sequence[np.ndarray]) -> Tensor:
    longest = max(len(p) for p in parents)
    # Self-loops at padding too: a row without any neighbour would make the softmax undefined.
    out = torch.eye(longest, dtype=torch.bool).repeat(len(parents), 1, 1)
    for row, parent in zip(out, parents, strict=True):
        child = torch.arange(1, len(parent))
        above = torch.from_numpy(np.ascontiguousarray(parent[1:], dtype=np.int64))
        row[child, above] = True
        row[above, child] = True
    return out
