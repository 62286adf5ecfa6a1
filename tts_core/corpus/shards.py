"""Prepared corpus on disk: Parquet shards and `prepared.json`.

    prepared.json       `PreparedInfo`; written last: if it exists, the shards are complete
    shards/NNN.parquet  one row an utterance, in the order of the corpus; `audio` is seen from
                        the corpus folder, which may move

The log-mel spectrogram is stored in half precision: between -16 and 16 the error is at most 0.004
(natural log), or 0.034 dB. Everything else is stored exactly.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from intone.documents import Closed, load
from intone.errors import UserError
from intone.files import write_whole
from tts_core.config import Features
from tts_core.corpus.sources import CorpusInfo
from tts_core.text.syntax import NODE_LABELS, POS_TAGS
from tts_core.text.tokens import TOKENS
from tts_core.types import Encoded, Prepared

if TYPE_CHECKING:
    from tts_core.models.facts import CorpusFacts

FILE = "prepared.json"
VERSION = 2
"""Version of the columns below, of `PreparedInfo`, and of their computation."""
PREPARE_AGAIN = "prepare the corpus again"
ENCODED = tuple(field.name for field in fields(Encoded))
_STRINGS = ("utterance", "sentence", "text", "speaker", "split", "audio")
_LINKS = ("paragraph", "previous", "next")
_LISTS: dict[str, type] = dict.fromkeys((*ENCODED, "durations"), np.int64)
_LISTS |= {"mel": np.float32, "f0": np.float32}

SCHEMA = pa.schema(
    [(name, pa.string()) for name in (*_STRINGS, *_LINKS)]
    + [("position", pa.int64()), ("words", pa.list_(pa.string()))]
    + [(name, pa.list_(pa.int32())) for name in ENCODED]
    + [
        ("durations", pa.list_(pa.int32())),
        ("mel", pa.list_(pa.float16())),
        ("f0", pa.list_(pa.float32())),
    ]
)


class LeftOut(Closed):
    """A recording that preparation did not use."""

    utterance: str
    reason: str


class Doubt(Closed):
    """Warning about a recording that was used."""

    utterance: str
    warning: str


class SplitCounts(Closed):
    """Size of one side of the split."""

    utterances: int = Field(description="recordings")
    sentences: int = Field(description="different sentence ids")
    hours: float = Field(description="of audio")


class PreparedInfo(Closed):
    """Content of `prepared.json`."""

    version: int = Field(description="version of the format")
    inputs_digest: str = Field(description="of everything that the shards depend on")
    corpus: CorpusInfo
    corpus_folder: str = Field(description="where the recordings lie, absolute")
    features: Features
    features_digest: str = Field(description="spectrograms with equal digests are interchangeable")
    encoder: str = Field(description="text encoder whose word pieces are stored")
    inventory_digest: str = Field(description="of the inventories of tokens, tags and tree labels")
    speakers: dict[str, int] = Field(description="speaker to utterances")
    lexicon_digest: str | None = Field(description="of the user's own pronunciations, if any")
    aligner: str = Field(
        description="source of the alignment: viter, pocketsphinx, TextGrid or CTM"
    )
    parsers: dict[str, int] = Field(description="parser to the number of trees it made")
    split_seed: int | None = Field(description="None if the corpus brought its own split")
    splits: dict[str, SplitCounts]
    mel_mean: list[float] = Field(description="(M,) natural log, training split")
    mel_std: list[float] = Field(description="(M,) natural log, training split")
    duration_groups: list[str] = Field(description="names of the token groups")
    duration_mean: list[float] = Field(
        description="frames, per token group (Kathaka Eq. 1), training split"
    )
    duration_std: list[float] = Field(description="frames, per token group, training split")
    graph_passes: int = Field(
        gt=0, description="Kathaka section 3.2.2: 75th percentile of the training trees' diameters"
    )
    hours: float = Field(description="of prepared audio")
    shards: list[str] = Field(description="file names in order")
    left_out: list[LeftOut]
    warnings: list[Doubt] = Field(description="what is doubtful about recordings that were used")

    def facts(self) -> "CorpusFacts":
        """Return the facts that a model of this corpus needs."""
        from tts_core.models.facts import CorpusFacts

        return CorpusFacts(
            n_tokens=len(TOKENS),
            n_pos=len(POS_TAGS),
            n_labels=len(NODE_LABELS),
            n_mels=self.features.n_mels,
            mel_mean=self.mel_mean,
            mel_std=self.mel_std,
            duration_mean=self.duration_mean,
            duration_std=self.duration_std,
            graph_passes=self.graph_passes,
            features_digest=self.features_digest,
        )

    def summary(self) -> dict[str, Any]:
        """Return the part that a training run records of its corpus.

        It has no statistics and no paths.
        """
        keys = {"corpus", "inputs_digest", "features", "features_digest", "encoder", "aligner"}
        keys |= {"split_seed", "splits", "hours", "graph_passes"}
        return self.model_dump(mode="json", include=keys)


def inventory_digest() -> str:
    """Return the digest of the inventories of stored ids."""
    inventories = [list(TOKENS), list(POS_TAGS), list(NODE_LABELS)]
    return hashlib.sha256(json.dumps(inventories).encode()).hexdigest()[:16]


def write_shard(path: Path, utterances: Sequence[Prepared], features: Features) -> None:
    """Write a shard, complete or not at all.

    Args:
        path: its place.
        utterances: in the order of the corpus.
        features: of their spectrograms.
    """
    columns: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    for utterance in utterances:
        for name in ENCODED:
            columns[name].append(getattr(utterance.encoded, name))
        for name in (*_STRINGS, *_LINKS, "position", "durations", "f0"):
            columns[name].append(getattr(utterance, name))
        columns["words"].append(list(utterance.words))
        columns["mel"].append(utterance.mel.astype(np.float16).ravel())
    about = {"intone_version": str(VERSION), "intone_features": features.digest()}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(path, columns, SCHEMA.with_metadata(about), ["mel.list.element", "f0.list.element"])


def write_table(
    path: Path,
    columns: Mapping[str, Sequence[Any]],
    schema: pa.Schema,
    floats: Sequence[str] = (),
) -> None:
    """Write a Parquet file, complete or not at all.

    floats: columns of floating-point numbers, stored with byte-stream split.
    """
    table = pa.table(
        {name: pa.array(columns[name], schema.field(name).type) for name in schema.names},
        schema=schema,
    )
    scratch = path.with_suffix(".part")
    pq.write_table(
        table,
        scratch,
        compression="zstd",
        use_dictionary=False,
        use_byte_stream_split=list(floats),  # pyright: ignore[reportArgumentType]
    )
    scratch.replace(path)


def read_shard(path: Path, features: Features, split: str | None = None) -> Iterator[Prepared]:
    """Yield a shard's utterances in order, optionally of one split.

    `audio` is as stored.

    Args:
        path: the shard.
        features: of the preparation it should belong to.
        split: train, validation or test.

    Raises:
        UserError: the file is missing, damaged, of another version, or holds other spectrograms.
    """
    table = _table(path, features, split)
    arrays = {name: _rows(table.column(name), dtype) for name, dtype in _LISTS.items()}
    scalars = table.select([*_STRINGS, *_LINKS, "position", "words"]).to_pylist()
    for row, other in enumerate(scalars):
        row_arrays: dict[str, Any] = {name: rows[row] for name, rows in arrays.items()}
        encoded = Encoded(**{name: row_arrays.pop(name) for name in ENCODED})
        mel = row_arrays.pop("mel").reshape(len(row_arrays["f0"]), -1)
        words = tuple(other.pop("words"))
        yield Prepared(**other, **row_arrays, encoded=encoded, mel=mel, words=words)


def read_frames(path: Path, features: Features, split: str) -> np.ndarray:
    """Return the frames (U,) int64 of a split without reading spectrograms.

    Raises:
        UserError: as `read_shard`.
    """
    durations = _table(path, features, split, ["durations"]).column("durations")
    return np.array([row.sum() for row in _rows(durations, np.int64)], np.int64)


def _table(
    path: Path, features: Features, split: str | None, columns: list[str] | None = None
) -> pa.Table:
    if not path.is_file():
        raise UserError(f"{path}: this shard is missing; prepare the corpus again")
    filters = [("split", "=", split)] if split else None
    try:
        about = pq.read_schema(path).metadata or {}
        _check_shard(path, about, features)
        return pq.read_table(path, columns=columns, filters=filters)
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path}: this shard is damaged; prepare the corpus again") from error


def _check_shard(path: Path, about: Mapping[bytes, bytes], features: Features) -> None:
    version = about.get(b"intone_version", b"1").decode()
    if version != str(VERSION):
        raise UserError(
            f"{path}: a shard of version {version}, this program reads version {VERSION}; "
            "prepare the corpus again"
        )
    stored = about.get(b"intone_features", b"none").decode()
    if stored != features.digest():
        raise UserError(
            f"{path}: holds spectrograms with the digest {stored}, {FILE} describes "
            f"{features.digest()}; prepare the corpus again"
        )


def read_info(folder: Path) -> PreparedInfo | None:
    """Read the `prepared.json` of a folder, None if there is none.

    Raises:
        UserError: it is of another version or not in this form, or its digest is not its features'.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    document = load(path, PREPARE_AGAIN)
    version = document.values.get("version")
    if isinstance(version, int) and version != VERSION:
        raise UserError(
            f"{path}: has version {version}, this program reads version {VERSION}; {PREPARE_AGAIN}"
        )
    info = document.parse(PreparedInfo, PREPARE_AGAIN)
    if info.features_digest != info.features.digest():
        raise UserError(
            f"{path}: records the digest {info.features_digest}, but its features give "
            f"{info.features.digest()}; the file was changed: prepare the corpus again"
        )
    return info


def write_info(folder: Path, info: PreparedInfo) -> None:
    """Write `prepared.json` in one step."""
    write_whole(folder / FILE, info.model_dump_json(indent=1) + "\n")


def encoded_of(value: Mapping[str, Any]) -> Encoded:
    """Convert a row of Arrow scalars to an encoded sentence."""
    return Encoded(**{name: _array(value[name], np.int64) for name in ENCODED})


def _array(scalar: Any, dtype: type) -> np.ndarray:
    return scalar.values.to_numpy(zero_copy_only=False).astype(dtype)


def _rows(column: pa.ChunkedArray, dtype: type) -> list[np.ndarray]:
    """Convert a column of lists to rows, views of one array."""
    lists: Any = column.combine_chunks()
    values = lists.values.to_numpy(zero_copy_only=False).astype(dtype)
    return [values[start:end] for start, end in pairwise(lists.offsets.to_pylist())]
