"""`intone synth`: texts to audio files, in batches and resumable."""

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from intone.errors import UserError
from intone.progress import on_console
from tts_core.audio.io import attenuate, write_audio
from tts_core.model_config import SYSTEMS
from tts_core.models.build import system_class
from tts_core.synthesis.job_log import JobLog
from tts_core.synthesis.passage import analyse_passages
from tts_core.synthesis.prosody import read_vectors, require_same_units, write_vectors
from tts_core.synthesis.speech import Speech
from tts_core.synthesis.synthesize import Synthesizer
from tts_core.types import Word
from tts_core.vocoder.load import load_vocoder
from tts_core.voice import find_voice, read_voice

JOURNAL = "synth.jsonl"
GROUP = 32
"""Texts that are synthesized before any is written: their sentences share batches."""


@dataclass(frozen=True)
class SynthOptions:
    """Options of `intone synth`."""

    system: str
    out: Path
    text: str | None = None
    file: Path | None = None
    voice: Path | None = None
    temperature: float = 1.0
    rate: float = 1.0
    seed: int = 0
    samples: int = 1
    prosody_from: Path | None = None
    prosody_text: str | None = None
    vectors_in: Path | None = None
    vectors_out: Path | None = None
    vocoder: str = "auto"
    refiner: str = "auto"


class Task(NamedTuple):
    """File to make."""

    text: str
    path: Path
    seed: int


def synth(
    options: SynthOptions, as_json: bool = False, synthesizer: Synthesizer | None = None
) -> None:
    """Synthesize a text, or the lines of a file.

    `options.out` is the file or the folder. Lines are synthesized in batches. Finished files are
    noted in the folder's `synth.jsonl`: the same command resumes, and does nothing once all are
    there.

    Args:
        options: of the command. as_json: rows on standard output.
        synthesizer: the system, if it is loaded already.

    Raises:
        UserError: options that exclude each other, or whatever the synthesis refuses.
    """
    _refuse_contradictions(options)
    texts = [options.text] if options.text is not None else read_lines(options.file)
    synthesizer = synthesizer or _load(options)
    console = Console(stderr=True, highlight=False)
    _introduce(synthesizer, console)
    prosody = _prosody(options, texts, synthesizer)
    for row in chain.from_iterable(_made(options, texts, synthesizer, prosody)):
        if as_json:
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
        else:
            console.print(f"{row['path']}: {row['seconds']:.2f} s, {_made_by(synthesizer)}")
        if "note" in row:
            console.print(f"{row['path']}: {row['note']}")


def _load(options: SynthOptions) -> Synthesizer:
    folder = find_voice(options.voice)
    vocoder = load_vocoder(read_voice(folder).features, options.vocoder)
    return Synthesizer.load(options.system, folder, vocoder, refiner=options.refiner)


def read_lines(file: Path | None) -> list[str]:
    """Return the lines of a text file that are not empty.

    Raises:
        UserError: no such file, not UTF-8, or no text in it.
    """
    if file is None or not file.is_file():
        raise UserError(f"{file}: no such text file")
    try:
        lines = [line.strip() for line in file.read_text("utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise UserError(f"{file}: is not UTF-8 text; save it as UTF-8") from error
    if not lines:
        raise UserError(f"{file}: holds no text; write one a line")
    return lines


def _refuse_contradictions(options: SynthOptions) -> None:
    if (options.text is None) == (options.file is None):
        raise UserError("give either --text or --file")
    if options.file is not None and options.out.is_file():
        raise UserError(f"{options.out}: is a file; with --file, --out is the folder of the audio")
    if options.prosody_from and options.vectors_in:
        raise UserError("give either --prosody-from or --vectors-in: both decide the prosody")
    if options.prosody_text is not None and not options.prosody_from:
        raise UserError("--prosody-text is the text of --prosody-from; give that too")
    vectors = options.vectors_in or options.vectors_out
    if vectors and not _per_word(options.system):
        raise UserError(f"{vectors}: {options.system} has no word vectors; choose camp")
    if vectors and options.text is None:
        raise UserError(f"{vectors}: word vectors are those of one --text")
    if options.vectors_out and options.samples > 1:
        raise UserError("--vectors-out writes the vectors of one sample; leave --samples out")
    if options.prosody_from and options.text is None and _per_word(options.system):
        raise UserError(
            f"--prosody-from with {options.system} needs --text, the words of the recording"
        )


def _per_word(system: str) -> bool:
    if system not in SYSTEMS:
        raise UserError(f"--system {system}: unknown; choose one of {', '.join(SYSTEMS)}")
    return system_class(system).prosody_per == "word"


def _introduce(synthesizer: Synthesizer, console: Console) -> None:
    if synthesizer.voice.stand_in:
        console.print(f"{synthesizer.voice.speaker}: a stand-in voice, not a human's")
    if synthesizer.voice.note:
        console.print(f"{synthesizer.voice.name}: {synthesizer.voice.note}")


def _prosody(
    options: SynthOptions, texts: Sequence[str], synthesizer: Synthesizer
) -> np.ndarray | None:
    """Return the prosody that the user gives, if any."""
    if options.vectors_in and options.text:
        weights = synthesizer.description.weights_sha256
        return read_vectors(options.vectors_in, _units(synthesizer, options.text), weights)
    if not options.prosody_from:
        return None
    text = options.prosody_text or texts[0]
    if synthesizer.model.prosody_per == "word" and options.text:
        units = synthesizer.frontend.analyse(text).words
        require_same_units(options.prosody_from, units, _units(synthesizer, options.text))
    return synthesizer.prosody_of(options.prosody_from, text)


def _units(synthesizer: Synthesizer, text: str) -> list[Word]:
    (passage,) = analyse_passages(synthesizer.frontend, [text])
    return [word for sentence in passage for word in sentence.words]


def _made(
    options: SynthOptions,
    texts: Sequence[str],
    synthesizer: Synthesizer,
    prosody: np.ndarray | None,
) -> Iterator[list[dict[str, Any]]]:
    """Make the files; yield rows, one per file, group by group."""
    tasks = [
        Task(text, path, options.seed + sample)
        for number, text in enumerate(texts, 1)
        for sample, path in enumerate(_paths(options, number))
    ]
    if options.file is None:
        spoken = _say(options, tasks, synthesizer, prosody)
        yield [_write(options, task, speech, synthesizer) for task, speech in spoken]
        return
    log = JobLog(options.out / JOURNAL, _settings(options, texts, synthesizer, prosody))
    rows = {row["path"]: row for row in map(json.loads, log.lines)}
    with on_console() as progress:
        for start in range(0, len(tasks), GROUP):
            group = tasks[start : start + GROUP]
            progress("synthesizing", start, len(tasks))
            # A group is synthesized whole or not at all, so that its batches are always the same.
            if not all(str(task.path) in rows and task.path.is_file() for task in group):
                for task, speech in _say(options, group, synthesizer, prosody):
                    row = _write(options, task, speech, synthesizer)
                    log.append(json.dumps(row, ensure_ascii=False))
                    rows[row["path"]] = row
            yield [rows[str(task.path)] for task in group]
        progress("synthesizing", len(tasks), len(tasks))


def _made_by(synthesizer: Synthesizer) -> str:
    """Return vocoder and refiner."""
    sharpener = synthesizer.refiner
    sharpened = "" if sharpener is None else f", sharpened by {sharpener.name}"
    return synthesizer.vocoder.name + sharpened


def _paths(options: SynthOptions, number: int) -> list[Path]:
    path = options.out if options.file is None else options.out / f"{number:04d}.wav"
    if options.samples == 1:
        return [path]
    return [path.with_stem(f"{path.stem}-{n}") for n in range(1, options.samples + 1)]


def _settings(
    options: SynthOptions,
    texts: Sequence[str],
    synthesizer: Synthesizer,
    prosody: np.ndarray | None,
) -> dict[str, Any]:
    """Return everything that decides the audio of a folder."""
    return {
        "texts": list(texts),
        "weights": synthesizer.description.weights_sha256,
        "vocoder": synthesizer.vocoder.name,
        "refiner": synthesizer.refiner and synthesizer.refiner.name,
        "temperature": options.temperature,
        "rate": options.rate,
        "seed": options.seed,
        "samples": options.samples,
        "prosody": None if prosody is None else hashlib.sha256(prosody.tobytes()).hexdigest(),
    }


def _say(
    options: SynthOptions,
    tasks: Sequence[Task],
    synthesizer: Synthesizer,
    prosody: np.ndarray | None,
) -> Iterator[tuple[Task, Speech]]:
    speeches = synthesizer.speak_all(
        [task.text for task in tasks],
        [task.seed for task in tasks],
        options.temperature,
        options.rate,
        prosody,
    )
    return zip(tasks, speeches, strict=True)


def _write(
    options: SynthOptions, task: Task, speech: Speech, synthesizer: Synthesizer
) -> dict[str, Any]:
    """Write a file, optionally its word vectors; return what `--json` prints."""
    samples, gain = attenuate(speech.samples)
    write_audio(task.path, samples, speech.sample_rate)
    if options.vectors_out and speech.prosody is not None:
        texts = [word.text for word in speech.words]
        weights = synthesizer.description.weights_sha256
        write_vectors(options.vectors_out, texts, speech.prosody, weights)
    row: dict[str, Any] = {
        "path": str(task.path),
        "seconds": round(speech.seconds, 3),
        "rtf": speech.rtf,
    }
    if speech.attention is not None:
        row["attention"] = asdict(speech.attention)
    notes = [f"attenuated by {-gain:.1f} dB so as not to clip"] if gain else []
    notes += [speech.note] if speech.note else []
    if notes:
        row["note"] = "; ".join(notes)
    return {**row, "words": [asdict(word) for word in speech.words]}
