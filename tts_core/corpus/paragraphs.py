"""Context beyond the sentence: word pieces of neighbouring sentences.

CAMP's authors also trained their predictor on paragraphs (thesis chapter 6). How the text encoder
sees the neighbours is unpublished; chosen here: the sentences follow each other in one
input, as running text does in the encoder's own pre-training, and only the sentence's own pieces
belong to its units. Of a neighbour nothing but the text is read, whatever its split.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from intone.errors import UserError
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.splits import SPLITS
from tts_core.types import Encoded, Prepared


def read_splits(
    corpus: PreparedCorpus, names: Sequence[str], neighbours: int = 0
) -> dict[str, list[Prepared]]:
    """Read splits of a corpus.

    Each utterance has the pieces of up to `neighbours` sentences on each side.

    Args:
        corpus: prepared corpus.
        names: of the wanted splits.
        neighbours: `context_sentences` of the recipe; 0 reads each sentence alone.

    Raises:
        UserError: neighbours are wanted and the corpus links no sentence to another.
    """
    if not neighbours:
        return {name: corpus.split(name) for name in names}
    splits = {name: corpus.split(name) for name in SPLITS}
    rows = {row.utterance: row for split in splits.values() for row in split}
    if not any(row.previous in rows or row.next in rows for row in rows.values()):
        raise UserError(
            f"{corpus.path}: knows no sentence's neighbours, so that model.context_sentences="
            f"{neighbours} would change nothing; set it to 0, or take a corpus with paragraphs"
        )
    return {name: [in_paragraph(row, rows, neighbours) for row in splits[name]] for name in names}


def in_paragraph(row: Prepared, rows: Mapping[str, Prepared], neighbours: int) -> Prepared:
    """Return the utterance with its neighbours' pieces.

    At the ends of a paragraph there are fewer.

    Args:
        rows: by utterance; a neighbour that is not there ends the paragraph.
    """
    before = _follow(row, rows, "previous", neighbours)[::-1]
    after = _follow(row, rows, "next", neighbours)
    return replace(row, encoded=with_neighbours(row.encoded, before, after))


def _follow(row: Prepared, rows: Mapping[str, Prepared], link: str, steps: int) -> list[Encoded]:
    encoded_rows: list[Encoded] = []
    for _ in range(steps):
        name = getattr(row, link)
        if name not in rows:
            break
        row = rows[name]
        encoded_rows.append(row.encoded)
    return encoded_rows


def with_neighbours(
    encoded: Encoded, before: Sequence[Encoded] = (), after: Sequence[Encoded] = ()
) -> Encoded:
    """Put a sentence's word pieces between its neighbours' in one input.

    Args:
        before, after: neighbours in the order of the text, not widened themselves.

    Returns:
        the same sentence; `pieces` has one special token at each end and `piece_unit` is -1 at all
        pieces that are not the sentence's own.
    """
    start, end = encoded.pieces[:1], encoded.pieces[-1:]
    neighbour_pieces = [[neighbour.pieces[1:-1] for neighbour in side] for side in (before, after)]
    pieces = [start, *neighbour_pieces[0], encoded.pieces[1:-1], *neighbour_pieces[1], end]
    left, right = (sum(map(len, side)) for side in neighbour_pieces)
    return replace(
        encoded,
        pieces=np.concatenate(pieces),
        piece_unit=np.pad(encoded.piece_unit, (left, right), constant_values=-1),
    )
