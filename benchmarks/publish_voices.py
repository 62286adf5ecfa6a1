"""Cards, audio samples and package data of the voices that benchmarks.voices made.

    python -m benchmarks.publish_voices OUT HEART KATHLEEN

OUT is the folder of `benchmarks.voices`, HEART and KATHLEEN the voices of it that were tested.
Everything is checked before anything is written: `data/voices/NAME` with `README.md`, the card;
`data/voices/heart/sentences`, held-out sentences with their machine-read recordings, for the demo;
`docs/samples/NAME/SYSTEM`, the same sentences by every system.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soundfile

from intone.contracts.stimuli import Stimulus, StimulusSet
from intone.errors import UserError
from intone.files import whole_folder
from tts_core.audio.io import read_audio_and_rate, write_audio
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.info import CorpusInfo
from tts_core.corpus.sources import write_corpus
from tts_core.models.saved import read_description
from tts_core.refiner.load import AUTO
from tts_core.types import Recording
from tts_core.voice import SENTENCES, SHIPPED, Voice, VoiceFilter, read_voice, refiner_of

ROOT = Path(__file__).parents[1]
N_SAMPLES = 10
"""Sentences of each voice, drawn with seed 0."""
OGG_QUALITY = 0.7
"""Of soundfile's compression level: 0 is the best and 1 the smallest."""
LIMITS = {
    "heart": "The vocoder adds creaky stretches an octave below the voice, most of them in CAMP.",
    "kathleen": "The systems speak about a semitone lower and more evenly than the speaker.",
}
"""Known faults, as measured in docs/results.md."""
METRICS = {"wer": "word error rate", "distilmos": "DistilMOS", "dnsmos": "DNSMOS"}
SYNTHETIC = ("ntts", "kathaka", "camp")


def main() -> None:
    """Publish the voices of a folder."""
    parser = argparse.ArgumentParser(description="Publish the voices of a folder.")
    parser.add_argument("out", type=Path, help="folder of benchmarks.voices")
    parser.add_argument("voices", nargs=len(SHIPPED), type=Path, help=", ".join(SHIPPED))
    options = parser.parse_args()
    try:
        publish(options.voices, options.out)
    except UserError as error:
        sys.exit(f"publish_voices: {error}")


class Tested(NamedTuple):
    """Voice with what was measured of it.

    Attributes:
        source: folder of the voice. measured: folder of its stimulus set.
        objective: `objective.json` of the set. hours: of each split of its corpus.
        stimuli: of the drawn sentences.
    """

    source: Path
    voice: Voice
    measured: Path
    objective: dict[str, Any]
    info: CorpusInfo
    hours: dict[str, float]
    stimuli: list[Stimulus]

    @property
    def spoken(self) -> list[Stimulus]:
        """Stimuli of the systems."""
        return [stimulus for stimulus in self.stimuli if stimulus.system in SYNTHETIC]


def publish(sources: list[Path], out: Path, root: Path = ROOT) -> None:
    """Write voices, cards, sentences and samples.

    Args:
        sources: the voices of the package, in its order. out: folder of `benchmarks.voices`.
        root: of the project.

    Raises:
        UserError: another voice, or measurements of something else than a voice.
    """
    tested = [read_tested(source, out) for source in sources]
    if (names := tuple(each.voice.name for each in tested)) != SHIPPED:
        raise UserError(f"{', '.join(names)}: not the package's voices; name {', '.join(SHIPPED)}")
    samples = root / "docs" / "samples"
    for each in tested:
        with whole_folder(root / "data" / "voices" / each.voice.name) as scratch:
            _write_voice(each, scratch)
        with whole_folder(samples / each.voice.name) as scratch:
            for stimulus in each.spoken:
                write_ogg(each.measured / stimulus.path, scratch / _file_of(stimulus))
    (samples / "README.md").write_text(samples_page(tested), "utf-8")


def read_tested(source: Path, out: Path) -> Tested:
    """Read a voice and its test.

    Raises:
        UserError: not tested, or not this voice, or not on its test split.
    """
    voice = read_voice(source)
    measured = out / "test" / voice.name
    stimuli, prepared = StimulusSet.read(measured), PreparedCorpus(out / "prepared" / voice.name)
    if not (path := measured / "objective.json").is_file():
        raise UserError(f"{path}: no such file; measure the set with `intone objective`")
    _check(source, voice, measured, stimuli, prepared)
    generator = np.random.default_rng(0)
    count = min(N_SAMPLES, len(stimuli.sentences))
    drawn = set(generator.choice(stimuli.sentences, count, replace=False).tolist())
    return Tested(
        source,
        voice,
        measured,
        json.loads(path.read_text("utf-8")),
        prepared.info.corpus,
        {name: split.hours for name, split in prepared.info.splits.items()},
        [stimulus for stimulus in stimuli.stimuli if stimulus.sentence in drawn],
    )


def _check(
    source: Path, voice: Voice, measured: Path, stimuli: StimulusSet, prepared: PreparedCorpus
) -> None:
    """Refuse a test of another voice or of other sentences."""
    test = {row.sentence for row in prepared.split("test")}
    if foreign := set(stimuli.sentences) - test:
        raise UserError(f"{measured}: {min(foreign)} is not of the test split; measure that split")
    refiner = refiner_of(AUTO, source, voice)
    for system, described in voice.systems.items():
        digest = read_description(source / system).corpus["inputs_digest"]
        if digest != prepared.info.inputs_digest:
            raise UserError(f"{source / system}: learnt from another corpus than {prepared.path}")
        made_by = (described.weights_sha256, refiner and refiner.name)
        made = {
            (stimulus.source.checkpoint_sha256, stimulus.source.refiner)
            for stimulus in stimuli.stimuli
            if stimulus.system == system
        }
        if made != {made_by}:
            raise UserError(
                f"{measured}: its {system} is not {source}'s (weights and refiner {made_by}, there "
                f"{sorted(made, key=str)}); measure this voice with its own refiner"
            )


def _write_voice(tested: Tested, out: Path) -> None:
    """Write a voice with its card.

    A stand-in's has held-out sentences with their recordings, too.
    """
    for name in ("voice.json", *tested.voice.systems, "refiner"):
        path = tested.source / name
        if path.is_dir():
            shutil.copytree(path, out / name)
        elif path.is_file():
            shutil.copy(path, out / name)
    text = card(tested.voice, tested.objective, tested.hours)
    (out / "README.md").write_text(text, "utf-8")
    if tested.voice.stand_in:
        recordings = [each for each in tested.stimuli if each.role == "reference"]
        write_sentences(recordings, tested.measured, out / SENTENCES, tested.info)


def _file_of(stimulus: Stimulus) -> str:
    return f"{stimulus.system}/{stimulus.sentence}.ogg"


def samples_page(tested: list[Tested]) -> str:
    """Return the page that links all samples, as Markdown."""
    lines = [
        "# Samples of the voices in the package",
        "",
        f"{N_SAMPLES} sentences of each test set, drawn with seed 0, by every system: held out "
        "from training and from every choice made with these voices. Each was synthesized once, "
        "with seed 0, sharpened as its voice's card says.",
    ]
    for each in tested:
        name, kind = each.voice.name, "stand-in" if each.voice.stand_in else "human"
        lines += ["", f"## {name} ({kind} voice)", ""]
        lines += [f"Licence: as the recordings, {each.voice.licence}.", ""]
        lines += [f"| sentence | {' | '.join(SYNTHETIC)} |", "|---" * (1 + len(SYNTHETIC)) + "|"]
        sentences: dict[str, dict[str, Stimulus]] = {}
        for stimulus in each.spoken:
            sentences.setdefault(stimulus.sentence, {})[stimulus.system] = stimulus
        for systems in sentences.values():
            links = [f"[hear]({name}/{_file_of(systems[system])})" for system in SYNTHETIC]
            lines.append(f"| {' | '.join([systems[SYNTHETIC[0]].text, *links])} |")
    return "\n".join(lines) + "\n"


def write_sentences(recordings: list[Stimulus], source: Path, out: Path, info: CorpusInfo) -> None:
    """Write a corpus folder of held-out sentences with their recordings."""
    rows: list[Recording] = []
    for stimulus in recordings:
        # Lossless: a listener compares the systems with it.
        path = write_audio(
            out / "wavs" / f"{stimulus.sentence}.flac",
            *read_audio_and_rate(source / stimulus.path),
        )
        rows.append(
            Recording(
                stimulus.sentence,
                stimulus.sentence,
                stimulus.text,
                str(path),
                info.speaker,
                seconds=stimulus.seconds,
            )
        )
    write_corpus(out, info, rows)


def write_ogg(source: Path, target: Path) -> None:
    """Convert audio to Ogg Vorbis."""
    samples, rate = read_audio_and_rate(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(
        target, samples, rate, format="OGG", subtype="VORBIS", compression_level=OGG_QUALITY
    )


def card(voice: Voice, objective: dict[str, Any], hours: dict[str, float]) -> str:
    """Return a voice's card as Markdown.

    Args:
        objective: `objective.json` of its test sentences. hours: of each split.
    """
    kind = (
        "a stand-in voice: a machine read the recordings, not a person"
        if voice.stand_in
        else ("a human speaker")
    )
    lines = [
        f"# The voice {voice.name}",
        "",
        f"Speaker: {voice.speaker}, {kind}. Licence of the recordings: {voice.licence}. Language: "
        f"{voice.language}.",
        "",
        f"Trained on {hours['train']:.2f} h of speech; {hours['validation']:.2f} h decided between "
        f"settings and {hours['test']:.2f} h were kept for the test.",
        "",
        *_training(voice),
        "",
        f"## Measured on {objective['systems'][0]['n_sentences']} sentences of the test split",
        "",
        f"{objective['caution']} Brackets: 95 % bootstrap intervals over sentences.",
        "",
        *_measured(objective),
        "",
        "## Limits",
        "",
        "One training seed, a CPU, small widths: the voice shows what the platform does, not how "
        "good the systems can become. Do not use it to rank the systems, and do not use it to "
        f"imitate a person. {LIMITS.get(voice.name, '')}".rstrip(),
        "",
    ]
    return "\n".join(lines)


def _training(voice: Voice) -> list[str]:
    rows = [
        "| system | recipe | steps of its stages, at most | started from |",
        "|---|---|---|---|",
    ]
    for name, system in voice.systems.items():
        steps = ", ".join(f"{count:,}" for count in system.steps.values())
        origin = system.started_from
        start = f"{origin.recipe} on {origin.corpus}" if origin else "nothing"
        rows.append(f"| {name} | `{system.recipe}` | {steps} | {start} |")
    return [
        *rows,
        "",
        *_sharpening(voice),
        "Commands: benchmarks/README.md, section Voices; protocol: docs/protocol-voices.md; all "
        "results: docs/results.md.",
    ]


def _sharpening(voice: Voice) -> list[str]:
    """Return what makes the spectrograms sharp: a departure from the papers."""
    refiner = voice.refiner
    decoders = {each.decoder.steps for each in voice.systems.values() if each.decoder}
    parts: list[str] = []
    if isinstance(refiner, VoiceFilter):
        parts.append(f"`{refiner.filter}`, unsharp masking of the log-mels")
    elif refiner:
        parts.append(f"the refiner `{refiner.recipe}` ({refiner.steps:,} steps)")
    parts += [f"adversarially trained decoders ({steps:,} steps)" for steps in decoders]
    if not parts:
        return []
    return [f"Sharper than published: {' and '.join(parts)} (docs/refiner.md)."]


def _measured(objective: dict[str, Any]) -> list[str]:
    head = ["", *METRICS.values()]
    rows = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for system in objective["systems"]:
        cells = [_interval(name, system["metrics"].get(name)) for name in METRICS]
        rows.append(f"| {' | '.join([system['system'], *cells])} |")
    return rows


def _interval(name: str, value: dict[str, Any] | None) -> str:
    if value is None:
        return "not measured"
    if name == "wer":
        low, high = (100 * end for end in value["ci"])
        return f"{100 * value['mean']:.1f} % [{low:.1f}, {high:.1f}]"
    return "{:.2f} [{:.2f}, {:.2f}]".format(value["mean"], *value["ci"])


if __name__ == "__main__":
    main()
