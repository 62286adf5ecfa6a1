"""The novels of the corpus heart, as paragraphs of sentences.

The texts are Project Gutenberg's, in the copies that GITenberg keeps under fixed revisions. The
addresses were written down from those revisions and their digests checked on copies; the host
itself could not be reached from where this was written.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import spacy

from intone.errors import UserError
from intone.files import sha256
from intone.progress import Progress, silent
from intone.resources import cache_path, corpora_path
from tts_core.corpus.download import download
from tts_core.text.tagger import MODEL


class Novel(NamedTuple):
    """Text of Project Gutenberg, and where a fixed revision of it is.

    Attributes:
        name: short name, which the ids of its utterances begin with.
        file: name of the text file in a folder of copies.
    """

    name: str
    title: str
    file: str
    revision: str
    sha256: str

    @property
    def url(self) -> str:
        """Address of the text."""
        return f"https://raw.githubusercontent.com/GITenberg/{self.revision}/{self.file}"


NOVELS = (
    Novel(
        "oz",
        "The Wonderful Wizard of Oz",
        "55.txt",
        "The-Wonderful-Wizard-of-Oz_55/d19a4315b7c6f4471de8840a1a81609b34841dff",
        "18274f31ae11aea07ea9b4f707998636c6f75d784c60d7e8fea0b4d5c2d77af6",
    ),
    Novel(
        "alice",
        "Alice's Adventures in Wonderland",
        "11.txt",
        "Alice-s-Adventures-in-Wonderland_11/7f18748e114b994d5d9454d5793581bc0b9cf9d7",
        "0f9ea0b148d553177962a25edd2f56d36342c22576a3253a127b4fbeffa5687d",
    ),
    Novel(
        "garden",
        "The Secret Garden",
        "113.txt",
        "The-Secret-Garden_113/0031c0badd0d3fc83860c941d2f39d4aa345c51b",
        "5d5bd30cb79d2f9302d99f822cc342f268dcd327d800e0ba3790596b5ef09648",
    ),
)
LONGEST, SHORTEST = 34, 3
"""Words of a sentence that is read."""
MERGED = 32
"""Words of a sentence together with the short tail that joins it."""

_PLAIN = str.maketrans("“”‘’", "\"\"''")
_END_MARK = re.compile(r"[.!?…—:;,)\"'-]$")
_DIALECT = re.compile(r"(?i)\b(tha|thee|thou|thy|nowt|summat|yo'|an'|o'|wi'|th'|'em|\w+in')(?!\w)")


class Line(NamedTuple):
    """One sentence of a novel.

    Attributes:
        position: its place in the paragraph, from 0.
    """

    utterance: str
    paragraph: str
    position: int
    text: str


def texts(from_dir: str | Path | None = None, progress: Progress = silent) -> dict[str, str]:
    """Return the texts by short names, in the corpus' order.

    A copy is used where there is one: in `from_dir`, else in the folder `heart` of
    `INTONE_CORPORA`. The others are downloaded once.

    Raises:
        UserError: no such copy, another text than listed, or the download failed.
    """
    return {novel.name: _body(_file(novel, from_dir, progress)) for novel in NOVELS}


def _file(novel: Novel, from_dir: str | Path | None, progress: Progress) -> Path:
    copy = (Path(from_dir) if from_dir else corpora_path("heart")) / novel.file
    if not copy.is_file():
        if from_dir:
            raise UserError(
                f"{copy}: no such file; put the text of {novel.title} there, or leave out --from"
            )
        target = cache_path("novels", novel.file)
        return download(novel.url, target, None, f"sha256:{novel.sha256}", progress)
    if sha256(copy) != novel.sha256:
        raise UserError(
            f"{copy}: not the expected text of {novel.title}; take the one at {novel.url}"
        )
    return copy


def _body(path: Path) -> str:
    """Return the novel without what Project Gutenberg puts around it."""
    text = path.read_text(encoding="utf-8").replace("\r", "")
    start = re.search(r"\*\*\* ?START OF.*?\*\*\*\n", text)
    end = re.search(r"\*\*\* ?END OF", text)
    return text[start.end() if start else 0 : end.start() if end else len(text)]


class Splitter:
    """Splits a novel's text into paragraphs and these into sentences."""

    def __init__(self) -> None:
        self._nlp = spacy.load(MODEL, disable=["ner", "lemmatizer"])

    def paragraphs(self, novel: str, text: str) -> Iterator[list[Line]]:
        """Sentences of one paragraph after the other.

        Sentences that are not read are among them (see `unreadable`).

        Args:
            novel: short name for the ids.
            text: paragraphs with empty lines between.
        """
        for number, paragraph in enumerate(_prose(text), start=1):
            name = f"{novel}_{number:04d}"
            yield [
                Line(f"{name}_{position:02d}", name, position, sentence)
                for position, sentence in enumerate(self._sentences(paragraph))
            ]

    def _sentences(self, paragraph: str) -> list[str]:
        """Split a paragraph; short tails (`said Alice.`) join what they follow."""
        sentences: list[str] = []
        for span in self._nlp(paragraph).sents:
            sentence = span.text.strip()
            words = len(sentence.split())
            if sentences and _is_tail(sentence, words):
                joined = f"{sentences[-1]} {sentence}"
                if len(joined.split()) <= MERGED:
                    sentences[-1] = joined
                    continue
            sentences.append(sentence)
        return sentences


def count_paragraphs(novels: dict[str, str]) -> int:
    """Return how many paragraphs the texts have."""
    return sum(1 for text in novels.values() for _ in _prose(text))


def _prose(text: str) -> Iterator[str]:
    """Paragraphs on one line each, without chapter headings and illustrations."""
    for raw in re.split(r"\n\s*\n", text):
        joined = " ".join(raw.replace("_", "").replace("--", "—").split()).translate(_PLAIN)
        heading = "CHAPTER" in joined.upper()[:12] or joined.isupper()
        if len(joined) >= 20 and not heading and "*" not in joined and "[" not in joined:
            yield joined


def _is_tail(sentence: str, words: int) -> bool:
    return words < 4 or (sentence[0] in "\"')" and words < 5) or sentence[0].islower()


def unreadable(text: str) -> str | None:
    """Return why a sentence is not read, None if it is."""
    words = len(text.split())
    if not SHORTEST <= words <= LONGEST:
        return f"{words} words, not {SHORTEST} to {LONGEST}"
    if not re.search("[a-z]", text) or not _END_MARK.search(text):
        return "no mark at its end: a heading, or a sentence cut in two"
    if re.search(r"\d", text):
        return "has figures: a table of contents"
    if "|" in text:
        return "has a |, which separates the columns of metadata.csv"
    if _DIALECT.search(text):
        return "spelt as dialect, which the pronouncing dictionary does not know"
    return None
