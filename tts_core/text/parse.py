"""Constituency trees: a span parser on frozen features of the text encoder, rules without it.

The span parser scores every span of words for every label (Stern et al. 2017) and finds the best
binary tree exactly (CKY). Trees hold no punctuation; leaves are the words.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from intone import assets
from intone.errors import UserError
from intone.resources import data_path
from tts_core.text.bert import ENCODER_ASSETS, Pieces, load_encoder
from tts_core.text.rules import Span, dependency_spans
from tts_core.text.tagger import Tagged

_LOGGER = logging.getLogger(__name__)
PARSERS = ("auto", *(f"span:{name}" for name in ENCODER_ASSETS), "rules")


class Parser(Protocol):
    """What makes trees. `name` is recorded in every analysis."""

    name: str

    def __call__(self, sentences: Sequence[Sequence[Tagged]]) -> list[str]:
        """Trees of sentences; each is its words without punctuation, heads within the sentence."""
        ...


def load_parser(name: str = "auto", encoder: str = "minilm") -> Parser:
    """Load a parser.

    Args:
        name: "span:minilm", "span:mpnet", "rules", or "auto": the span parser of the encoder in
            use, else that of any fetched encoder, else the rules, with a warning.
        encoder: the text encoder in use.

    Raises:
        UserError: unknown name, or the weights of a span parser asked for by name are not here.
    """
    if name not in PARSERS:
        raise UserError(f"parser {name}: no such parser; choose one of {', '.join(PARSERS)}")
    if name == "rules":
        return RuleParser()
    if name != "auto":
        return SpanParser(name.removeprefix("span:"))
    wanted = sorted(ENCODER_ASSETS, key=lambda asset: asset != encoder)
    here = next((asset for asset in wanted if assets.available(asset)), None)
    if here:
        return SpanParser(here)
    _LOGGER.warning(
        "No text encoder is fetched: trees come from rules on dependencies, which are less exact. "
        "Fetch one with `intone assets minilm`."
    )
    return RuleParser()


class RuleParser:
    """Trees by rules from the dependencies (`tts_core.text.rules`)."""

    name = "rules"

    def __call__(self, sentences: Sequence[Sequence[Tagged]]) -> list[str]:
        """See `Parser`."""
        return [bracket(words, dependency_spans(words)) for words in sentences]


class SpanParser:
    """The trained parser.

    Args:
        encoder: "minilm" or "mpnet".

    Raises:
        UserError: the encoder is not fetched.
    """

    def __init__(self, encoder: str = "minilm") -> None:
        from safetensors import safe_open

        self.name = f"span:{encoder}"
        self._pieces = Pieces(encoder)
        self._encoder: Any = load_encoder(encoder)
        with safe_open(data_path("parser", f"span_{encoder}.safetensors"), "pt") as file:
            about = file.metadata()
            weights = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
        self._layers = [int(layer) for layer in about["layers"].split(",")]
        self._labels: list[str] = json.loads(about["labels"])
        self._scorer = SpanScorer(
            weights["project.weight"].shape[1],
            weights["lstm.weight_hh_l0"].shape[1],
            len(self._labels),
        )
        self._scorer.load_state_dict(weights)
        self._scorer.eval()

    def __call__(self, sentences: Sequence[Sequence[Tagged]], batch: int = 32) -> list[str]:
        """See `Parser`; sentences of like length are encoded together."""
        order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))
        trees = [""] * len(sentences)
        for first in range(0, len(order), batch):
            chosen = order[first : first + batch]
            charts = self._score([sentences[i] for i in chosen])
            for i, chart in zip(chosen, charts, strict=True):
                spans = best_tree(chart, self._labels)
                trees[i] = bracket(sentences[i], spans)
        return trees

    @torch.inference_mode()
    def _score(self, sentences: Sequence[Sequence[Tagged]]) -> list[np.ndarray]:
        split = [self._pieces(words) for words in sentences]
        ids = pad_sequence([torch.from_numpy(ids) for ids, _ in split], batch_first=True)
        real = pad_sequence([torch.ones(len(ids)) for ids, _ in split], batch_first=True)
        hidden = self._encoder(
            input_ids=ids, attention_mask=real.long(), output_hidden_states=True
        ).hidden_states
        states = torch.cat([hidden[layer] for layer in self._layers], -1)
        features = [
            _mean_of_pieces(row, torch.from_numpy(owner), len(words))
            for row, (_, owner), words in zip(states, split, sentences, strict=True)
        ]
        return [chart.numpy() for chart in self._scorer(features)]


def _mean_of_pieces(states: torch.Tensor, owner: torch.Tensor, n_words: int) -> torch.Tensor:
    """(S, D) states of pieces to (L, D) means over each word's pieces."""
    inside = owner >= 0
    states = states[: len(owner)][inside]
    total = states.new_zeros(n_words, states.shape[1]).index_add_(0, owner[inside], states)
    return total / torch.bincount(owner[inside], minlength=n_words).clamp(min=1).unsqueeze(1)


class SpanScorer(nn.Module):
    """Label scores of all spans from word features.

    Args:
        features: channels of the word features. hidden: LSTM units a direction. labels: labels.
    """

    def __init__(self, features: int, hidden: int, labels: int) -> None:
        super().__init__()
        self.project = nn.Linear(features, 256)
        self.lstm = nn.LSTM(256, hidden, 2, bidirectional=True, batch_first=True)
        self.hidden = nn.Linear(2 * hidden, 256)
        self.norm = nn.LayerNorm(256)
        self.score = nn.Linear(256, labels)

    def forward(self, sentences: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Score spans.

        Args:
            sentences: word features, each (L, D).

        Returns:
            For each sentence (L+1, L+1, labels); [i, j] is the span of words i to j-1, and only
            i < j is filled. A span is the difference of the LSTM's states at its fenceposts.
        """
        # One zero row stands for the boundary before the words, one for that after them.
        padded = pad_sequence(
            [nn.functional.pad(words, (0, 0, 1, 1)) for words in sentences], batch_first=True
        )
        inputs = nn.functional.gelu(self.project(padded))
        lengths = [len(words) + 2 for words in sentences]
        packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        forward, backward = states.chunk(2, -1)
        charts = []
        for row, words in enumerate(sentences):
            n = len(words)
            i, j = torch.triu_indices(n + 1, n + 1, 1, device=states.device)
            ahead = forward[row, j] - forward[row, i]
            behind = backward[row, i + 1] - backward[row, j + 1]
            scores = self.score(
                nn.functional.gelu(self.norm(self.hidden(torch.cat([ahead, behind], -1))))
            )
            chart = scores.new_zeros(n + 1, n + 1, scores.shape[1])
            chart[i, j] = scores
            charts.append(chart)
        return charts


def best_tree(scores: np.ndarray, labels: Sequence[str]) -> list[Span]:
    """The best-scoring tree (CKY). The whole sentence always gets a label.

    Args:
        scores: (L+1, L+1, labels), see `SpanScorer`.
        labels: names; the first is "no constituent", unary chains are joined by "+".

    Returns:
        (label, start, end) of the constituents, outer ones first.
    """
    n = len(scores) - 1
    gain = scores - scores[..., :1]
    gain[0, n, 0] = -np.inf
    choice, value = gain.argmax(-1), gain.max(-1)
    best = np.zeros((n + 1, n + 1))
    split = np.zeros((n + 1, n + 1), int)
    for length in range(1, n + 1):
        start = np.arange(n - length + 1)
        best[start, start + length] = value[start, start + length]
        if length == 1:
            continue
        middle = start[:, None] + np.arange(1, length)
        totals = best[start[:, None], middle] + best[middle, (start + length)[:, None]]
        chosen = totals.argmax(1)
        split[start, start + length] = start + 1 + chosen
        best[start, start + length] += totals[np.arange(len(start)), chosen]
    spans: list[Span] = []
    agenda = [(0, n)]
    while agenda:
        i, j = agenda.pop()
        if choice[i, j]:
            spans += [(label, i, j) for label in labels[int(choice[i, j])].split("+")]
        if j - i > 1:
            agenda += [(split[i, j], j), (i, split[i, j])]
    return spans


def bracket(words: Sequence[Tagged], spans: Iterable[Span]) -> str:
    """Penn brackets of labelled spans; one that crosses a longer one is left out.

    Args:
        words: the leaves, L. spans: (label, start, end) in any order, equal spans outer first.
    """
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: span[1] - span[2]):
        if not any(_cross(span, other) for other in kept):
            kept.append(span)
    if not any(start == 0 and end == len(words) for _, start, end in kept):
        kept.insert(0, ("FRAG", 0, len(words)))
    kept.sort(key=lambda span: span[1])
    out: list[str] = []
    for place, word in enumerate(words):
        opening = [label for label, start, _ in kept if start == place]
        closing = sum(end == place + 1 for *_, end in kept)
        leaf = f"({word.tag} {_escape(word.text)})"
        out.append("".join(f"({label} " for label in opening) + leaf + ")" * closing)
    return " ".join(out)


def _cross(a: Span, b: Span) -> bool:
    return a[1] < b[1] < a[2] < b[2] or b[1] < a[1] < b[2] < a[2]


def _escape(text: str) -> str:
    return text.replace("(", "-LRB-").replace(")", "-RRB-").replace(" ", "")
