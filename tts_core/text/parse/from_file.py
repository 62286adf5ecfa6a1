"""Trees from a file."""

from collections.abc import Sequence
from pathlib import Path

from intone.errors import UserError
from tts_core.text.parse.trees import Tree, bracket, letters, over_words, plain, read_file
from tts_core.text.tagger import Tagged


class BracketedTrees:
    """Trees in Penn brackets, found by the words of their sentence.

    Punctuation, traces, functional labels and roots in the file are passed over. Sentences are
    matched by their letters and digits, so it does not matter how the file parts words ("do n't",
    "eye - tracking"), nor in which order the trees are.

    Args:
        path: UTF-8 text, one tree a line or a tree over many lines.

    Raises:
        UserError: not readable, brackets that do not balance, or two different trees of one
            sentence.
    """

    def __init__(self, path: Path) -> None:
        self.name = f"file:{path.name}"
        self._path = path
        self._trees: dict[str, Tree] = {}
        for tree in map(plain, read_file(path)):
            known = self._trees.setdefault(letters(tree.words), tree)
            if known.spans != tree.spans:
                raise UserError(
                    f"{path}, line {tree.line}: {' '.join(tree.words)!r} has another tree in line "
                    f"{known.line}; keep one of them"
                )

    def __call__(self, sentences: Sequence[Sequence[Tagged]]) -> list[str]:
        """See `ConstituencyParser`.

        Raises:
            UserError: the file has no tree of a sentence; the message names it.
        """
        return [self._tree(sentence) for sentence in sentences]

    def _tree(self, sentence: Sequence[Tagged]) -> str:
        words = [word.text for word in sentence]
        tree = self._trees.get(letters(words))
        if tree is None:
            raise UserError(
                f"{self._path}: holds no tree of the sentence {' '.join(words)!r}; add it, or "
                "choose another parser"
            )
        return bracket(sentence, over_words(tree, words))
