"""Texts of a corpus through the front-end, a piece at a time."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from intone.errors import UserError
from tts_core.corpus.alignment.types import phones_of
from tts_core.corpus.pool import Piece
from tts_core.corpus.shards import ENCODED, encoded_of, write_table
from tts_core.types import Encoded, Sentence

if TYPE_CHECKING:
    from tts_core.text.analyse import Frontend

_SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("failure", pa.string()),
        ("parser", pa.string()),
        ("words", pa.list_(pa.string())),
        ("phones", pa.list_(pa.list_(pa.string()))),
        *((name, pa.list_(pa.int32())) for name in ENCODED),
    ]
)


class Analysed(NamedTuple):
    """Part of a sentence analysis that preparation keeps.

    words: (W,) as written. phones: of each word that is not punctuation. parser: who made the tree.
    """

    encoded: Encoded
    words: tuple[str, ...]
    phones: tuple[tuple[str, ...], ...]
    parser: str


def analyse_piece(piece: Piece, encoder: str, parser: str, lexicon: str | None) -> None:
    """Analyse texts and write results or reasons of failure to `done`."""
    frontend = _frontend(encoder, parser, lexicon)
    columns: dict[str, list[object]] = {name: [] for name in _SCHEMA.names}
    for text, analysis in zip(piece.items, _analyse(frontend, piece.items), strict=True):
        failure = analysis if isinstance(analysis, str) else None
        sentence = None if isinstance(analysis, str) else analysis
        columns["text"].append(text)
        columns["failure"].append(failure)
        columns["parser"].append(sentence.parser if sentence else None)
        columns["words"].append([word.text for word in sentence.words] if sentence else [])
        columns["phones"].append(
            [list(phones) for phones in phones_of(sentence)] if sentence else []
        )
        for name in ENCODED:
            columns[name].append(getattr(sentence.encoded, name) if sentence else [])
    write_table(piece.done, columns, _SCHEMA)


def read_analysed(pieces: Iterable[Piece]) -> Iterator[tuple[str, Analysed | str]]:
    """Yield every text with its analysis or the reason of failure."""
    for piece in pieces:
        table = pq.read_table(piece.done)
        columns = {name: table.column(name).combine_chunks() for name in table.column_names}
        for row in range(table.num_rows):
            value = {name: column[row] for name, column in columns.items()}
            failure = value["failure"].as_py()
            yield (
                value["text"].as_py(),
                failure
                or Analysed(
                    encoded_of(value),
                    tuple(value["words"].as_py()),
                    tuple(tuple(phones) for phones in value["phones"].as_py()),
                    value["parser"].as_py(),
                ),
            )


@lru_cache(maxsize=1)
def _frontend(encoder: str, parser: str, lexicon: str | None) -> "Frontend":
    """Load one front-end per process.

    Loading takes as long as a hundred sentences.
    """
    from tts_core.text.analyse import Frontend

    return Frontend(encoder=encoder, parser=parser, lexicon=lexicon)


def _analyse(frontend: "Frontend", texts: Sequence[str]) -> list[Sentence | str]:
    """Analyse texts together, or one by one if any fails."""
    try:
        return list(frontend.analyse_all(texts))
    except UserError:
        analyses: list[Sentence | str] = []
        for text in texts:
            try:
                analyses.append(frontend.analyse(text))
            except UserError as error:
                analyses.append(f"text cannot be read: {error}")
        return analyses
