"""The Berkeley neural parser, where it is on the machine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from intone.errors import UserError
from tts_core.text.parse.trees import bracket, over_words, read_trees
from tts_core.text.tagger import Tagged, penn_parts


class BeneparParser:
    """Parser benepar (Kitaev et al. 2019).

    Kathaka's authors used it in later work.

    Its models come from its authors' site alone. This adapter has run with benepar 0.2.0 and an
    untrained model; with a released model it is untested.

    Args:
        model: name of a benepar model that is downloaded, or the path of one.

    Raises:
        UserError: benepar or the model is not here.
    """

    def __init__(self, model: str = "benepar_en3") -> None:
        try:
            import benepar  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise UserError(
                "parser benepar: the package benepar is not installed; `pip install benepar`, or "
                "choose the parser span:minilm"
            ) from error
        try:
            self._parser: Any = benepar.Parser(model)
        except (LookupError, OSError) as error:
            raise UserError(
                f"parser benepar: its model {model} is not here; fetch it with "
                f"`python -c \"import benepar; benepar.download('{model}')\"`"
            ) from error
        self._input: Any = benepar.InputSentence
        self.name = f"benepar:{Path(model).name}"

    def __call__(self, sentences: Sequence[Sequence[Tagged]]) -> list[str]:
        """See `ConstituencyParser`."""
        # The parser learnt contractions in two parts and sentences that end in a full stop.
        parts = [[p for word in words for p in penn_parts(word.text)] for words in sentences]
        parsed = self._parser.parse_sents([self._input(words=[*words, "."]) for words in parts])
        trees = []
        for words, tree in zip(sentences, parsed, strict=True):
            (read,) = read_trees(tree.pformat(margin=10**6))
            trees.append(bracket(words, over_words(read, [word.text for word in words])))
        return trees
