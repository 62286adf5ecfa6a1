"""Implementation of `intone stimuli make` and `intone objective`."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from intone.contracts import Source, StimulusSet
from intone.errors import UserError
from intone.progress import on_console
from tts_core.audio.io import read_audio_and_rate
from tts_core.commands.stimulus_lines import Line, read_chosen_lines
from tts_core.config import Features
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.info import CorpusInfo
from tts_core.corpus.paragraphs import read_splits
from tts_core.models.randomness import seeded
from tts_core.refiner.load import AUTO, NONE, Sharpener, load_refiner
from tts_core.synthesis.copy_synthesis import CopySynthesis
from tts_core.synthesis.stimuli import StimulusWriter
from tts_core.synthesis.synthesize import Synthesizer
from tts_core.text.analyse import Frontend
from tts_core.types import Prepared, Sentence
from tts_core.vocoder.load import Vocoder, load_vocoder
from tts_core.voice import (
    Voice,
    find_voice,
    read_voice,
    refiner_of,
    require_systems,
    voice_of,
)


@dataclass(frozen=True)
class StimulusOptions:
    """Options of `intone stimuli make`.

    Attributes:
        out: folder of the set. systems: of the voice; empty for recordings alone.
        split, data: sentences of a split of a prepared corpus, with their recordings.
        corpus: corpus folder with sentences and recordings, instead; needs no preparation.
        file: text file with one sentence a line, instead.
        sentences: at most so many, drawn by the seed. copy_synthesis: recordings through the
            vocoder, as a system.
        voice: folder or name; else the default voice. seed: of everything random.
        vocoder: one that `load_vocoder` knows, or the run of a trained vocoder.
        refiner: one that `refiner_of` knows, the same for all systems.
        refine_copy: recordings through refiner and vocoder, as another system.
    """

    out: Path
    systems: Sequence[str]
    split: str | None = None
    data: Path | None = None
    corpus: Path | None = None
    file: Path | None = None
    sentences: int | None = None
    copy_synthesis: bool = False
    voice: Path | None = None
    vocoder: str = "auto"
    seed: int = 0
    refiner: str = "auto"
    refine_copy: bool = False


def make_stimuli(options: StimulusOptions) -> StimulusSet:
    """Synthesize sentences with each system; recordings are the reference.

    Raises:
        UserError: not one of a split, a corpus and a file, a system that the voice lacks, or copy
            synthesis without recordings.
    """
    chosen = read_chosen_lines(
        options.split, options.data, options.corpus, options.file, options.sentences, options.seed
    )
    lines, recorded = chosen.lines, chosen.corpus
    if (options.copy_synthesis or options.refine_copy) and recorded is None:
        option = "--copy-synthesis" if options.copy_synthesis else "--refine-copy"
        raise UserError(f"{option} needs recordings: give --split and --data, or --corpus")
    described, speakers, vocoder, refiner = _speakers(options, recorded)
    if options.refine_copy and refiner is None:
        raise UserError("--refine-copy needs a refiner: name one with --refiner")
    in_context = read_contexts(speakers, options.split, options.data)
    writer = StimulusWriter(options.out, _settings(options, lines, speakers, vocoder, refiner))
    copies: dict[str, CopySynthesis] = {}
    if options.copy_synthesis:
        copies["copy_synthesis"] = CopySynthesis(described.features, vocoder)
    if options.refine_copy:
        copies["copy_refined"] = CopySynthesis(described.features, vocoder, refiner)
    with on_console() as progress:
        for done, line in enumerate(lines):
            progress("synthesizing", done, len(lines))
            if recorded is not None:
                _add_recording(writer, line, recorded, copies, options.seed)
            for name, speaker in speakers.items():
                if not writer.has(line.sentence, name):
                    context = in_context[name].get(line.utterance or "")
                    _add_synthesis(writer, line, name, speaker, options.seed, context)
        progress("synthesizing", len(lines), len(lines))
    return writer.finish(
        name=options.out.resolve().name,
        voice=_of_both(_named(described), recorded and _named(recorded)),
        licence=_of_both(described.licence, recorded and recorded.licence),
        created_by=_command(),
        language=described.language,
    )


def _named(voice: Voice | CorpusInfo) -> str:
    return voice.speaker + (" (stand-in voice, not human)" if voice.stand_in else "")


def _of_both(voice: str, recordings: str | None) -> str:
    """Return a fact of a voice, and that of recordings if another."""
    return voice if recordings in (None, voice) else f"{voice}; recordings: {recordings}"


def _settings(
    options: StimulusOptions,
    lines: Sequence[Line],
    speakers: Mapping[str, Synthesizer],
    vocoder: Vocoder,
    refiner: Sharpener | None,
) -> dict[str, Any]:
    """Return everything that decides the audio of a set."""
    return {
        "lines": [
            [line.sentence, line.text, line.recording and line.recording.name] for line in lines
        ],
        "weights": {name: s.description.weights_sha256 for name, s in speakers.items()},
        "vocoder": vocoder.name,
        "refiner": refiner and refiner.name,
        "copy_synthesis": options.copy_synthesis,
        "refine_copy": options.refine_copy,
        "seed": options.seed,
    }


class _Speakers(NamedTuple):
    voice: Voice
    systems: dict[str, Synthesizer]
    vocoder: Vocoder
    refiner: Sharpener | None


def _speakers(options: StimulusOptions, recorded: CorpusInfo | None) -> _Speakers:
    """Return the voice, the systems sharing one front-end, vocoder and refiner.

    Without systems, the voice is the corpus's own.
    """
    if not options.systems and recorded is not None:
        features = PreparedCorpus(options.data).info.features if options.data else Features()
        described = voice_of(recorded, features, "none", {})
        vocoder = load_vocoder(features, options.vocoder)
        name = NONE if options.refiner == AUTO else options.refiner
        return _Speakers(described, {}, vocoder, load_refiner(name, features))
    folder = find_voice(options.voice)
    described = read_voice(folder)
    require_systems(folder, described, options.systems)
    vocoder = load_vocoder(described.features, options.vocoder)
    frontend = Frontend(described.text_encoder)
    speakers = {
        name: Synthesizer.load(name, folder, vocoder, frontend, options.refiner)
        for name in options.systems
    }
    refiner = refiner_of(options.refiner, folder, described)
    return _Speakers(described, speakers, vocoder, refiner)


def _command() -> str:
    return " ".join(["intone", *sys.argv[1:]])


def _add_recording(
    writer: StimulusWriter,
    line: Line,
    recorded: CorpusInfo,
    copies: Mapping[str, CopySynthesis],
    seed: int,
) -> None:
    path = line.recording
    if path is None:
        return
    samples, rate = read_audio_and_rate(path)
    note = "read by a stand-in voice, not by a human" if recorded.stand_in else None
    if not writer.has(line.sentence, "reference"):
        source = Source(kind="recording", original=path.name, note=note)
        writer.add(line.sentence, line.text, "reference", "reference", samples, rate, source)
    for name, copy in copies.items():
        if writer.has(line.sentence, name):
            continue
        source = Source(
            kind="copy_synthesis",
            original=path.name,
            vocoder=copy.vocoder.name,
            refiner=copy.refiner.name if copy.refiner else None,
            note=note,
        )
        writer.add(
            line.sentence,
            line.text,
            name,
            "copy_synthesis",
            copy(samples, rate, seeded(seed, f"refiner|{line.text}")),
            copy.vocoder.sample_rate_hz,
            source,
        )


def read_contexts(
    speakers: Mapping[str, Synthesizer], split: str | None, data: Path | None
) -> dict[str, dict[str, Prepared]]:
    """For each system that reads neighbouring sentences, the split's utterances with theirs.

    Lines of a file have no neighbours.
    """
    contexts: dict[str, dict[str, Prepared]] = {name: {} for name in speakers}
    if split is None or data is None:
        return contexts
    for name, speaker in speakers.items():
        if speaker.neighbours:
            rows = read_splits(PreparedCorpus(data), [split], speaker.neighbours)[split]
            contexts[name] = {row.utterance: row for row in rows}
    return contexts


def in_context(sentence: Sentence, row: Prepared) -> Sentence:
    """Return a sentence whose word pieces include those of its neighbours."""
    if row.words != tuple(word.text for word in sentence.words):
        raise UserError(
            f"{row.utterance}: the prepared corpus has other words than the front-end finds now; "
            "prepare it again"
        )
    encoded = replace(
        sentence.encoded, pieces=row.encoded.pieces, piece_unit=row.encoded.piece_unit
    )
    return replace(sentence, encoded=encoded)


def _add_synthesis(
    writer: StimulusWriter,
    line: Line,
    name: str,
    speaker: Synthesizer,
    seed: int,
    context: Prepared | None,
) -> None:
    # A stimulus is one utterance, as the system was trained, even if its text has two sentences.
    sentence = speaker.frontend.analyse(line.text)
    if context is not None:
        sentence = in_context(sentence, context)
    speech = speaker.speak_sentence(sentence, seed)
    source = Source(
        kind="synthesis",
        checkpoint_sha256=speaker.description.weights_sha256,
        recipe=speaker.description.called,
        seed=seed,
        vocoder=speaker.vocoder.name,
        refiner=speaker.refiner.name if speaker.refiner else None,
        note=speech.note,
    )
    writer.add(line.sentence, line.text, name, "system", speech.samples, speech.sample_rate, source)


def measure(stimuli: Path, out: Path | None) -> None:
    """Write objective measures of a set as JSON and print a table."""
    from tts_core.evaluation.objective import objective

    with on_console() as progress:
        result = objective(stimuli, out, created_by=_command(), progress=progress)
    console = Console(highlight=False)
    table = Table(title=result["caution"], title_justify="left")
    table.add_column("system")
    for metric in result["metrics"]:
        table.add_column(metric, justify="right")
    for row in result["systems"]:
        values = [row["metrics"][metric] for metric in result["metrics"]]
        table.add_row(row["system"], *(_cell(value) for value in values))
    console.print(table)
    for metric, described in result["metrics"].items():
        console.print(f"{metric}: {described['label']}, {described['unit']}")
    for missing in result["not_measured"]:
        console.print(f"not measured: {missing['metric']}: {missing['reason']}")


def _cell(value: dict[str, Any] | None) -> str:
    if value is None:
        return "not measured"
    interval = "" if value["ci"] is None else " [{:.3g}, {:.3g}]".format(*value["ci"])
    return f"{value['mean']:.3g}{interval}"
