"""Span parser: labels of all spans from frozen encoder features, exact search.

It scores every span of words for every label (Stern et al. 2017) and finds the best binary tree
exactly (CKY).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from intone.errors import UserError
from intone.resources import data_path
from tts_core.text.bert import ENCODER_ASSETS, HasText, Pieces, TextEncoder, pool_units
from tts_core.text.parse.trees import Span, bracket
from tts_core.text.tagger import Tagged

# Spans scored at once: bounds the memory that a sentence of hundreds of words needs.
_CHUNK = 1 << 16
# Word pieces read at once, padding included: more no longer fit the caches of a core.
_BATCH_PIECES = 768


class SpanParser:
    """The trained parser.

    Args:
        encoder: text encoder that the weights read with: "minilm" or "mpnet" for shipped weights.
        weights: file of `intone text train-parser`; without it the shipped ones. Where the file
            names an encoder that everybody can fetch, that one is used.

    Raises:
        UserError: the encoder is not fetched, or the file holds no such weights.
    """

    def __init__(self, encoder: str = "minilm", weights: Path | None = None) -> None:
        path = weights or data_path("parser", f"span_{encoder}.safetensors")
        trained = load_scorer(path)
        self._scorer, self._labels = trained.scorer, trained.labels
        self.name = f"span:{encoder}" if weights is None else f"span:{weights.name}"
        if trained.encoder in ENCODER_ASSETS:
            encoder = trained.encoder
        self._features = WordFeatures(encoder, trained.layers)
        if self._scorer.project.in_features != self._features.dim:
            raise UserError(
                f"{path}: trained on the encoder {trained.encoder}, not on {encoder}; "
                "choose that encoder or other weights"
            )

    def __call__(self, sentences: Sequence[Sequence[Tagged]]) -> list[str]:
        """See `ConstituencyParser`; sentences of like length are read together."""
        trees = [""] * len(sentences)
        with torch.inference_mode():
            for chosen, features in self._features.batches(sentences):
                for i, scores in zip(chosen, self._scorer.spans(features), strict=True):
                    gain, label = best_labels(scores, len(sentences[i]))
                    trees[i] = bracket(sentences[i], best_tree(gain, label, self._labels))
        return trees


@dataclass(frozen=True)
class TrainedScorer:
    """Content of a file of weights.

    Attributes:
        scorer: in evaluation mode. labels: names of its labels.
        encoder: the text encoder it reads with. layers: which layers of it.
    """

    scorer: "SpanScorer"
    labels: list[str]
    encoder: str
    layers: tuple[int, ...]


def load_scorer(path: Path) -> TrainedScorer:
    """Read a file of weights.

    Raises:
        UserError: not a file of a span parser.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            card = json.loads((file.metadata() or {})["card"])
            weights = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
        scorer = SpanScorer(
            weights["project.weight"].shape[1],
            weights["lstm.weight_hh_l0"].shape[1],
            len(card["labels"]),
        )
        scorer.load_state_dict(weights)
        return TrainedScorer(scorer.eval(), card["labels"], card["encoder"], tuple(card["layers"]))
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise UserError(f"{path}: holds no weights of a span parser ({error})") from error


class WordFeatures:
    """Features of words from a frozen encoder.

    States of several layers, averaged over word pieces.

    Args:
        encoder: asset name, local folder or hub name. layers: which layers' states are joined.

    Raises:
        UserError: no such encoder or layer.
    """

    def __init__(self, encoder: str, layers: Sequence[int]) -> None:
        self._encoder = TextEncoder(encoder, layers).requires_grad_(False).eval()
        self._pieces: Pieces = self._encoder.tokenizer
        self.layers = self._encoder.layers
        self.dim = self._encoder.dim

    @torch.inference_mode()
    def batches(
        self, sentences: Sequence[Sequence[HasText]]
    ) -> Iterator[tuple[list[int], list[Tensor]]]:
        """Features of sentences, in batches of like length.

        Args:
            sentences: words of each, none empty.

        Yields:
            Indices of the sentences of a batch, and of each its (L, D) features.
        """
        split = self._pieces.many(sentences)
        order = sorted(range(len(split)), key=lambda i: len(split[i][0]))
        while order:
            # From the longest on, so that too little memory shows at once.
            size = max(1, _BATCH_PIECES // len(split[order[-1]][0]))
            chosen, order = order[-size:], order[:-size]
            ids = pad_sequence([torch.from_numpy(split[i][0]) for i in chosen], batch_first=True)
            owner = pad_sequence(
                [torch.from_numpy(split[i][1]) for i in chosen],
                batch_first=True,
                padding_value=-1,
            )
            lengths = torch.tensor([len(split[i][0]) for i in chosen])
            states = self._encoder(ids, torch.arange(ids.shape[1]) < lengths[:, None])
            words = pool_units(states, owner, max(len(sentences[i]) for i in chosen))
            yield chosen, [row[: len(sentences[i])] for i, row in zip(chosen, words, strict=True)]


class SpanScorer(nn.Module):
    """Label scores of all spans from word features.

    Args:
        features: channels of the word features. hidden: LSTM units a direction. labels: labels.
        dropout: share of channels dropped in training.
    """

    def __init__(self, features: int, hidden: int, labels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.project = nn.Linear(features, 256)
        self.lstm = nn.LSTM(256, hidden, 2, bidirectional=True, batch_first=True, dropout=dropout)
        self.hidden = nn.Linear(2 * hidden, 256)
        self.norm = nn.LayerNorm(256)
        self.score = nn.Linear(256, labels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, sentences: Sequence[Tensor]) -> Tensor:
        """Score spans.

        Args:
            sentences: word features, each (L, D).

        Returns:
            (spans of all sentences, labels); a sentence's are in the order of
            `torch.triu_indices(L + 1, L + 1, 1)`: (i, j) is the span of words i to j-1.
        """
        fences = self.fences(sentences)
        ends = zip(fences, sentences, strict=True)
        return self.label(torch.cat([_differences(row, len(words)) for row, words in ends]))

    def spans(self, sentences: Sequence[Tensor]) -> Iterator[Tensor]:
        """Score sentence by sentence, in bounded memory, for inference."""
        for row, words in zip(self.fences(sentences), sentences, strict=True):
            pairs = torch.triu_indices(len(words) + 1, len(words) + 1, 1)
            yield torch.cat([self.label(row[j] - row[i]) for i, j in pairs.split(_CHUNK, 1)])

    def fences(self, sentences: Sequence[Tensor]) -> Tensor:
        """Return the features of boundaries between words, (B, L+1, 256).

        A span is the difference of its two boundaries.

        A span's features are those of Stern et al. (2017), f_j - f_i of the forward and b_i - b_j
        of the backward LSTM. The first layer above them is linear, so it is applied to boundaries,
        of which there are L + 1, and not to spans, of which there are L (L + 1) / 2.
        """
        # One zero row is the boundary before the words, one that after them.
        padded = pad_sequence(
            [nn.functional.pad(words, (0, 0, 1, 1)) for words in sentences], batch_first=True
        )
        inputs = self.dropout(nn.functional.gelu(self.project(padded)))
        lengths = [len(words) + 2 for words in sentences]
        packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        forward, backward = states.chunk(2, -1)
        joined = torch.cat([forward[:, :-1], -backward[:, 1:]], -1)
        return nn.functional.linear(joined, self.hidden.weight)

    def label(self, differences: Tensor) -> Tensor:
        """Score spans, (n, labels), given as boundary differences (n, 256)."""
        hidden = nn.functional.gelu(self.norm(differences + self.hidden.bias))
        return self.score(self.dropout(hidden))


def _differences(fences: Tensor, n_words: int) -> Tensor:
    i, j = torch.triu_indices(n_words + 1, n_words + 1, 1, device=fences.device)
    return fences[j] - fences[i]


def best_labels(scores: Tensor, n_words: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the best label of every span.

    Args:
        scores: (spans, labels), see `SpanScorer.forward`. n_words: L.

    Returns:
        gain: (L+1, L+1) float32 score of the best label over that of "no constituent".
        label: (L+1, L+1) int64 which one. Both at [i, j] for words i to j-1; the whole sentence
        always gets a label.
    """
    gains = scores - scores[:, :1]
    # The whole sentence is span (0, L), the L-th of the upper triangle.
    gains[n_words - 1, 0] = -torch.inf
    value, choice = gains.max(-1)
    i, j = np.triu_indices(n_words + 1, 1)
    gain = np.zeros((n_words + 1, n_words + 1), np.float32)
    label = np.zeros((n_words + 1, n_words + 1), np.int64)
    gain[i, j], label[i, j] = value.numpy(), choice.numpy()
    return gain, label


def best_tree(gain: np.ndarray, label: np.ndarray, labels: Sequence[str]) -> list[Span]:
    """Return the best-scoring tree (CKY).

    Args:
        gain, label: (L+1, L+1), see `best_labels`.
        labels: names; the first is "no constituent", unary chains are joined by "+".

    Returns:
        (label, start, end) of the constituents, outer ones first.
    """
    n = len(gain) - 1
    # By start and length, and by end and length: what is added up then lies in straight rows.
    by_start = np.zeros((n + 1, n + 1), np.float32)
    by_end = np.zeros((n + 1, n + 1), np.float32)
    split = np.zeros((n + 1, n + 1), np.int64)
    for length in range(1, n + 1):
        rows = n - length + 1
        best = np.diagonal(gain, length).copy()
        if length > 1:
            totals = by_start[:rows, 1:length] + by_end[length:, length - 1 : 0 : -1]
            chosen = totals.argmax(1)
            split[:rows, length] = chosen + 1
            best += totals[np.arange(rows), chosen]
        by_start[:rows, length] = best
        by_end[length:, length] = best
    spans: list[Span] = []
    agenda = [(0, n)]
    while agenda:
        i, j = agenda.pop()
        if label[i, j]:
            spans += [(name, i, j) for name in labels[int(label[i, j])].split("+")]
        if j - i > 1:
            middle = i + int(split[i, j - i])
            agenda += [(middle, j), (i, middle)]
    return spans
