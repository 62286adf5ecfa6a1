"""A prepared corpus on disk: Parquet shards and the `prepared.json` that says what they hold.

    prepared.json       `PreparedInfo`; written last: where it is, the shards are complete
    shards/NNN.parquet  one row an utterance, in the order of the corpus; `audio` is seen from
                        the corpus folder, which may move

The log-mel spectrogram is stored in half precision: between -16 and 16 the error is at most 0.004
(natural log), or 0.034 dB. Everything else is stored exactly.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError

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
_ENCODED = tuple(field.name for field in fields(Encoded))

SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("utterance", "sentence", "text", "speaker", "split", "audio")]
    + [("words", pa.list_(pa.string()))]
    + [(name, pa.list_(pa.int32())) for name in _ENCODED]
    + [
        ("durations", pa.list_(pa.int32())),
        ("mel", pa.list_(pa.float16())),
        ("f0", pa.list_(pa.float32())),
    ]
)


class LeftOut(BaseModel):
    """A recording that preparation did not use."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    utterance: str
    reason: str


class SplitCounts(BaseModel):
    """How much of a corpus stands on one side of the split."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    utterances: int = Field(description="recordings")
    sentences: int = Field(description="different sentence ids")
    hours: float = Field(description="of audio")


class PreparedInfo(BaseModel):
    """What `prepared.json` says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int = Field(description="of this form")
    inputs_digest: str = Field(description="of everything that the shards depend on")
    corpus: CorpusInfo
    corpus_folder: str = Field(description="where the recordings lie, absolute")
    features: Features
    features_digest: str = Field(description="spectrograms with equal digests are interchangeable")
    encoder: str = Field(description="text encoder whose word pieces are stored")
    inventory_digest: str = Field(description="of the inventories of tokens, tags and tree labels")
    aligner: str = Field(description="viter or pocketsphinx")
    parsers: dict[str, int] = Field(description="parser to the number of trees it made")
    split_seed: int
    splits: dict[str, SplitCounts]
    mel_mean: list[float] = Field(description="(M,) natural log, training split")
    mel_std: list[float] = Field(description="(M,) natural log, training split")
    duration_groups: list[str] = Field(description="names of the token groups")
    duration_mean: list[float] = Field(
        description="frames, per token group (Kathaka Eq. 1), training split"
    )
    duration_std: list[float] = Field(description="frames, per token group, training split")
    graph_passes: int = Field(
        gt=0, description="Kathaka section 2.2: 75th percentile of the training trees' diameters"
    )
    hours: float = Field(description="of prepared audio")
    shards: list[str] = Field(description="file names in order")
    left_out: list[LeftOut]

    def facts(self) -> "CorpusFacts":
        """What a model built for this corpus must know."""
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
        """What a training run records of its corpus: no statistics, no paths."""
        keys = {"corpus", "inputs_digest", "features", "encoder", "aligner", "split_seed", "splits"}
        return self.model_dump(mode="json", include=keys | {"hours", "graph_passes"})


def inventory_digest() -> str:
    """Digest of the inventories: where it is equal, stored ids mean the same."""
    inventories = [list(TOKENS), list(POS_TAGS), list(NODE_LABELS)]
    return hashlib.sha256(json.dumps(inventories).encode()).hexdigest()[:16]


def write_shard(path: Path, utterances: Sequence[Prepared]) -> None:
    """Write a shard; it appears under its name only when it is whole."""
    columns: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    for utterance in utterances:
        for name in _ENCODED:
            columns[name].append(getattr(utterance.encoded, name))
        for name in ("utterance", "sentence", "text", "speaker", "split", "audio", "durations"):
            columns[name].append(getattr(utterance, name))
        columns["words"].append(list(utterance.words))
        columns["f0"].append(utterance.f0)
        columns["mel"].append(utterance.mel.astype(np.float16).ravel())
    table = pa.table(
        {name: pa.array(columns[name], SCHEMA.field(name).type) for name in SCHEMA.names}
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".part")
    pq.write_table(
        table,
        scratch,
        compression="zstd",
        use_dictionary=False,
        use_byte_stream_split=["mel.list.element", "f0.list.element"],  # pyright: ignore[reportArgumentType]
    )
    scratch.replace(path)


def read_shard(path: Path, split: str | None = None) -> Iterator[Prepared]:
    """Yield a shard's utterances in order, of one split or of all; `audio` is as stored.

    Raises:
        UserError: the file is damaged.
    """
    filters = [("split", "=", split)] if split else None
    try:
        table = pq.read_table(path, filters=filters)
    except (OSError, pa.ArrowInvalid) as error:
        raise UserError(f"{path}: damaged or missing; prepare the corpus again") from error
    arrays = {name: table.column(name).combine_chunks() for name in table.column_names}
    for row in range(table.num_rows):
        value = {name: array[row] for name, array in arrays.items()}
        yield _utterance(value)


def read_info(folder: Path) -> PreparedInfo | None:
    """The `prepared.json` of a folder, None if there is none.

    Raises:
        UserError: it is not in this form.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return PreparedInfo.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path}: not in the form of this version; prepare the corpus again"
        ) from error


def write_info(folder: Path, info: PreparedInfo) -> None:
    """Write `prepared.json` in one step."""
    write_whole(folder / FILE, info.model_dump_json(indent=1) + "\n")


def _utterance(value: dict[str, Any]) -> Prepared:
    def array(name: str, dtype: type) -> np.ndarray:
        return value[name].values.to_numpy(zero_copy_only=False).astype(dtype)

    def string(name: str) -> str:
        return value[name].as_py()

    f0 = array("f0", np.float32)
    return Prepared(
        utterance=string("utterance"),
        sentence=string("sentence"),
        text=string("text"),
        speaker=string("speaker"),
        split=string("split"),
        encoded=Encoded(**{name: array(name, np.int64) for name in _ENCODED}),
        durations=array("durations", np.int64),
        mel=array("mel", np.float32).reshape(len(f0), -1),
        f0=f0,
        audio=string("audio"),
        words=tuple(value["words"].as_py()),
    )
