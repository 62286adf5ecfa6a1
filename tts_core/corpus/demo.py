"""The demo corpus: the shipped sentences, read by a stand-in voice.

Piper reads them. It is under the GPL and therefore only ever a separate process, driven by its
command line. Without generator and duration noise it reads the same text to the same samples.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import soundfile

from intone import assets
from intone.errors import UserError
from intone.progress import Progress, silent
from intone.resources import data_path
from tts_core.corpus.sources import CorpusInfo, audio_path, write_corpus
from tts_core.types import Recording

INFO = CorpusInfo(
    name="demo",
    speaker="joe-piper",
    licence="CC0-1.0",
    stand_in=True,
    source="sentences shipped with intone, read by the Piper voice en_US-joe-medium",
    note="stand-in voice: machine-read, not a human",
)
SENTENCE_SILENCE_S = 0.3


class Sentence(NamedTuple):
    """One line of `data/demo/sentences.tsv`."""

    id: str
    kind: str
    text: str


def sentences() -> list[Sentence]:
    """Return the demo sentences in order; any prefix mixes their kinds."""
    lines = data_path("demo", "sentences.tsv").read_text(encoding="utf-8").splitlines()
    return [Sentence(*line.split("\t")) for line in lines[1:]]


def build_demo(
    out: str | Path, progress: Progress = silent, limit: int | None = None
) -> list[Path]:
    """Synthesize the demo sentences into a corpus folder; finished ones are kept.

    Args:
        out: the corpus folder.
        progress: receives how many sentences are read.
        limit: only the first sentences.

    Returns:
        the audio files, in the order of the sentences.

    Raises:
        UserError: piper or its voice is not installed, or piper failed.
    """
    out = Path(out)
    chosen = sentences()[:limit]
    (out / "wavs").mkdir(parents=True, exist_ok=True)
    missing = [s for s in chosen if not _is_read(s, audio_path(out, s.id))]
    done = len(chosen) - len(missing)
    progress("reading the demo sentences", done, len(chosen))
    if missing:
        _read_aloud(missing, out / "wavs", lambda n: _tell(progress, done + n, len(chosen)))
    paths = [audio_path(out, s.id) for s in chosen]
    seconds = [soundfile.info(path).duration for path in paths]
    recordings = [
        Recording(s.id, s.id, s.text, str(path), INFO.speaker, seconds=t)
        for s, path, t in zip(chosen, paths, seconds, strict=True)
    ]
    write_corpus(out, INFO, recordings)
    return paths


def _tell(progress: Progress, done: int, total: int) -> None:
    progress("reading the demo sentences", done, total)


def _read_aloud(missing: list[Sentence], wavs: Path, tell) -> None:
    if importlib.util.find_spec("piper") is None:
        raise UserError("piper is not installed; install it with `pip install 'intone[demo]'`")
    model = assets.path("piper-joe") / "en_US-joe-medium.onnx"
    with tempfile.TemporaryDirectory(dir=wavs.parent, prefix=".piper-") as scratch:
        process = _start_piper(model, missing, Path(scratch))
        messages = []
        read = 0
        assert process.stderr is not None
        try:
            for line in process.stderr:
                messages.append(line.strip())
                # Piper names its files by the time and reports each; the order is the texts'.
                if "Wrote " in line and read < len(missing):
                    wav = Path(line.split("Wrote ", 1)[1].strip())
                    _to_flac(wav, missing[read], wavs / f"{missing[read].id}.flac")
                    read += 1
                    tell(read)
            status = process.wait()
        finally:
            process.kill()
            process.wait()
    if status != 0 or read != len(missing):
        last = next((m for m in reversed(messages) if m), "no message")
        raise UserError(f"piper read {read} of {len(missing)} sentences and stopped: {last}")


def _start_piper(model: Path, missing: list[Sentence], scratch: Path) -> subprocess.Popen[str]:
    texts = scratch / "texts.txt"
    texts.write_text("".join(f"{s.text}\n" for s in missing), encoding="utf-8")
    command = [sys.executable, "-m", "piper", "--model", str(model), "--input-file", str(texts)]
    command += ["--output-dir", str(scratch), "--no-normalize"]
    command += ["--noise-scale", "0", "--noise-w-scale", "0"]
    command += ["--sentence-silence", str(SENTENCE_SILENCE_S)]
    return subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        cwd=scratch,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def _is_read(sentence: Sentence, flac: Path) -> bool:
    """Return whether the file is a reading of this very text."""
    if not flac.is_file():
        return False
    with soundfile.SoundFile(flac) as file:
        return file.comment == sentence.text


def _to_flac(wav: Path, sentence: Sentence, flac: Path) -> None:
    samples, rate = soundfile.read(wav, dtype="int16")
    scratch = flac.with_name(f".{flac.name}")
    with soundfile.SoundFile(scratch, "w", rate, 1, "PCM_16", format="FLAC") as file:
        file.comment = sentence.text
        file.write(samples)
    scratch.replace(flac)
    wav.unlink()
