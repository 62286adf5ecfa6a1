"""Packed corpus and text encoder in one file for a GPU.

    python -m benchmarks.gpu.pack PREPARED kathleen.tar.bz2     # here
    python -m benchmarks.gpu.pack --unpack kathleen.tar.bz2 TO  # there: TO/prepared and TO/encoder

An hour of speech fits 40 MiB, so that it and this project fit 64: spectrograms in 256 levels
between their extremes per mel bin (the largest error is printed and kept in `pack.json`), the
encoder's lower layers in half precision, without the vectors of word pieces that the corpus has
not. What is unpacked is a prepared corpus like any other, but for the rounding; recordings and the
test split stay behind: what comes back is evaluated where they are.
"""

import argparse
import json
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.shards import PreparedInfo, write_info, write_shard
from tts_core.text.bert import TextEncoder, load_encoder, resolve
from tts_core.types import Prepared

LAYERS = 4
LEVELS = 255
SPLITS = ("train", "validation")


def main() -> None:
    """Pack or unpack."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--unpack", action="store_true")
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    given = parser.parse_args()
    if given.unpack:
        unpack(given.source, given.target)
        return
    worst = pack(given.source, given.target)
    size = given.target.stat().st_size / 2**20
    sys.stdout.write(f"{given.target}: {size:.1f} MiB, spectrograms to {worst:.3f} nats\n")


def pack(prepared: Path, target: Path) -> float:
    """Write the file and return the largest spectrogram error, nats."""
    corpus = PreparedCorpus(prepared)
    every = [row for split in SPLITS for row in corpus.split(split)]
    low, step = _levels(every)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        worst = _write_rows(folder, every, low, step)
        (folder / "prepared.json").write_text(corpus.info.model_dump_json(), "utf-8")
        about = {"levels": LEVELS + 1, "worst_error_nats": worst, "encoder": corpus.info.encoder}
        (folder / "pack.json").write_text(json.dumps(about), "utf-8")
        _write_encoder(folder / "encoder", corpus.info.encoder, every)
        with tarfile.open(target, "w:bz2") as archive:
            archive.add(folder, ".")
    return worst


def _levels(rows: list[Prepared]) -> tuple[np.ndarray, np.ndarray]:
    """Return least value and step of each mel bin, (M,) each."""
    low = np.min([row.mel.min(0) for row in rows], 0)
    high = np.max([row.mel.max(0) for row in rows], 0)
    return low, np.maximum((high - low) / LEVELS, 1e-6)


def _write_rows(folder: Path, rows: list[Prepared], low: np.ndarray, step: np.ndarray) -> float:
    """Write spectrograms as one byte array, the rest as a shard."""
    levels = [np.round((row.mel - low) / step).astype(np.uint8) for row in rows]
    worst = max(
        float(np.abs(low + step * b - row.mel).max()) for row, b in zip(rows, levels, strict=True)
    )
    lengths = np.array([len(b) for b in levels])
    # Steps from frame to frame, modulo 256, compress better than levels.
    steps = np.concatenate([np.diff(b, axis=0, prepend=np.zeros_like(b[:1])) for b in levels])
    mels = {"steps": steps, "lengths": lengths, "low": low, "step": step}
    np.savez(folder / "mels.npz", allow_pickle=False, **mels)
    f0 = np.concatenate([row.f0 for row in rows]).astype(np.float16)
    np.savez(folder / "f0.npz", allow_pickle=False, f0=f0)
    plain = [{**_fields(row), "text": row.text} for row in rows]
    (folder / "rows.json").write_text(json.dumps(plain, separators=(",", ":")), "utf-8")
    return worst


def _fields(row: Prepared) -> dict[str, Any]:
    named = ("utterance", "sentence", "speaker", "split")
    encoded = {k: v.tolist() for k, v in vars(row.encoded).items()}
    return {
        **{k: getattr(row, k) for k in named},
        "encoded": encoded,
        "durations": row.durations.tolist(),
    }


def _write_encoder(folder: Path, name: str, rows: list[Prepared]) -> None:
    """Write the lower layers in half precision, unread embedding rows as zero."""
    model: Any = load_encoder(name)
    encoder = TextEncoder(name, min(LAYERS, model.config.num_hidden_layers)).model
    used = torch.from_numpy(np.unique(np.concatenate([row.encoded.pieces for row in rows])))
    words = encoder.embeddings.word_embeddings.weight.data
    kept = words[used].clone()
    words.zero_()
    words[used] = kept
    encoder.config.num_hidden_layers = min(LAYERS, model.config.num_hidden_layers)
    encoder.half().save_pretrained(folder)
    for path in Path(resolve(name)).glob("*token*"):
        (folder / path.name).write_bytes(path.read_bytes())
    vocabulary = Path(resolve(name)) / "vocab.txt"
    if vocabulary.is_file():
        (folder / vocabulary.name).write_bytes(vocabulary.read_bytes())


def unpack(source: Path, target: Path) -> None:
    """Write `target/prepared` and `target/encoder`."""
    from tts_core.types import Encoded

    with tarfile.open(source) as archive:
        archive.extractall(target, filter="data")
    mels, f0 = dict(np.load(target / "mels.npz")), np.load(target / "f0.npz")["f0"]
    ends = mels["lengths"].cumsum()
    plain = json.loads((target / "rows.json").read_text("utf-8"))
    rows: list[Prepared] = []
    for number, (fields, end) in enumerate(zip(plain, ends, strict=True)):
        start = end - mels["lengths"][number]
        encoded = {k: np.array(v, np.int64) for k, v in fields.pop("encoded").items()}
        rows.append(
            Prepared(
                **{**fields, "durations": np.array(fields["durations"], np.int64)},
                encoded=Encoded(**encoded),
                mel=_mel(mels["steps"][start:end], mels["low"], mels["step"]),
                f0=f0[start:end].astype(np.float32),
                audio="",
            )
        )
    info = PreparedInfo.model_validate_json((target / "prepared.json").read_text("utf-8"))
    encoder = str((target / "encoder").resolve())
    info = info.model_copy(update={"encoder": encoder, "shards": ["000.parquet"]})
    write_shard(target / "prepared" / "shards" / "000.parquet", rows, info.features)
    write_info(target / "prepared", info)


def _mel(steps: np.ndarray, low: np.ndarray, step: np.ndarray) -> np.ndarray:
    return (low + step * np.cumsum(steps, 0, dtype=np.uint8)).astype(np.float32)


if __name__ == "__main__":
    main()
