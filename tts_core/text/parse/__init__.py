"""Constituency trees of sentences, by one of several parsers.

Trees hold no punctuation; their leaves are the words in order, and unary chains are kept.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from intone import assets
from intone.errors import UserError
from tts_core.text.bert import ENCODER_ASSETS
from tts_core.text.tagger import Tagged

_LOGGER = logging.getLogger(__name__)
PARSERS = (
    "auto",
    *(f"span:{name}" for name in ENCODER_ASSETS),
    "span:WEIGHTS.safetensors",
    "rules",
    "benepar",
    "benepar:MODEL",
    "file:TREES",
)


class ConstituencyParser(Protocol):
    """Parser of constituency trees. `name` is recorded in every analysis."""

    name: str

    def __call__(self, sentences: Sequence[Sequence[Tagged]]) -> list[str]:
        """Return trees of sentences in Penn brackets.

        Args:
            sentences: the words of each without punctuation, heads as indices into the sentence.

        Returns:
            A tree each. Its leaves are the words in order, each under its own tag.
        """
        ...


def load_parser(name: str = "auto", encoder: str = "minilm") -> ConstituencyParser:
    """Load a parser.

    Args:
        name: "span:minilm" or "span:mpnet" (the trained parser on that encoder's features),
            "span:FILE" (weights of `intone text train-parser`), "rules", "benepar" or
            "benepar:MODEL", "file:FILE" (ready trees), or "auto": the span parser of the encoder
            in use, else that of any fetched encoder, else the rules, with a warning.
        encoder: the text encoder in use.

    Raises:
        UserError: unknown name, or what a parser needs is not here.
    """
    kind, _, detail = name.partition(":")
    if name == "auto":
        return _automatic(encoder)
    if name == "rules":
        from tts_core.text.parse.rules import RuleParser

        return RuleParser()
    if kind == "span" and detail:
        from tts_core.text.parse.span import SpanParser

        if detail in ENCODER_ASSETS:
            return SpanParser(detail)
        if detail.endswith(".safetensors"):
            return SpanParser(encoder, Path(detail).expanduser())
    if kind == "benepar" and name != "benepar:":
        from tts_core.text.parse.berkeley import BeneparParser

        return BeneparParser(detail or "benepar_en3")
    if kind == "file" and detail:
        from tts_core.text.parse.from_file import BracketedTrees

        return BracketedTrees(Path(detail).expanduser())
    raise UserError(f"parser {name}: no such parser; choose one of {', '.join(PARSERS)}")


def automatic(encoder: str) -> str | None:
    """Return the encoder of the span parser that "auto" selects.

    None means the parser by rules.
    """
    wanted = sorted(ENCODER_ASSETS, key=lambda asset: asset != encoder)
    return next((asset for asset in wanted if assets.available(asset)), None)


def _automatic(encoder: str) -> ConstituencyParser:
    from tts_core.text.parse.rules import RuleParser
    from tts_core.text.parse.span import SpanParser

    available = automatic(encoder)
    if available:
        return SpanParser(available)
    _LOGGER.warning(
        "No text encoder is fetched: trees come from rules on dependencies, which are less exact. "
        "Fetch one with `intone assets minilm`."
    )
    return RuleParser()
