"""Cards, audio samples and package data of the voices that benchmarks.voices made.

    python -m benchmarks.publish_voices OUT VOICE...

OUT is the folder of `benchmarks.voices`, VOICE each voice of it that was tested. Writes, from what
was measured there on the test split:
`data/voices/NAME` with `README.md`, the card; `data/voices/heart/sentences`, held-out sentences
with their machine-read recordings, for the demo; `docs/samples/NAME/SYSTEM`, the same sentences by
every system.
"""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import soundfile

from intone.contracts.stimuli import Stimulus, StimulusSet
from tts_core.audio.io import read_audio_and_rate
from tts_core.corpus.info import CorpusInfo
from tts_core.corpus.shards import read_info
from tts_core.corpus.sources import write_corpus
from tts_core.types import Recording
from tts_core.voice import SENTENCES, Voice, read_voice

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "docs" / "samples"
N_SAMPLES = 10
"""Sentences of each voice."""
OGG_QUALITY = 0.7
"""Of soundfile's compression level: 0 is the best and 1 the smallest."""
METRICS = {"wer": "word error rate", "distilmos": "DistilMOS", "dnsmos": "DNSMOS"}
SYNTHETIC = ("ntts", "kathaka", "camp")


def main() -> None:
    """Publish every voice of a folder."""
    parser = argparse.ArgumentParser(description="Publish the voices of a folder.")
    parser.add_argument("out", type=Path, help="folder of benchmarks.voices")
    parser.add_argument("voices", nargs="+", type=Path, help="voices to publish")
    options = parser.parse_args()
    published = [publish(source, options.out) for source in options.voices]
    (SAMPLES / "README.md").write_text(samples_page(published), "utf-8")


class Published(NamedTuple):
    """Voice in the package, with the stimuli of which there are samples."""

    voice: Voice
    stimuli: list[Stimulus]


def publish(source: Path, out: Path) -> Published:
    """Copy a voice into the package with its card, sentences and samples."""
    voice = read_voice(source)
    target = ROOT / "data" / "voices" / voice.name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    measured = out / "test" / voice.name
    stimuli = StimulusSet.read(measured)
    info = read_info(out / "prepared" / voice.name)
    assert info is not None
    objective = json.loads((measured / "objective.json").read_text("utf-8"))
    hours = {name: split.hours for name, split in info.splits.items()}
    (target / "README.md").write_text(card(voice, objective, hours), "utf-8")
    shutil.rmtree(SAMPLES / voice.name, ignore_errors=True)
    chosen = stimuli.sentences[:N_SAMPLES]
    heard = [s for s in stimuli.stimuli if s.sentence in chosen and s.system in SYNTHETIC]
    for stimulus in heard:
        write_ogg(measured / stimulus.path, SAMPLES / sample_path(voice, stimulus))
    if voice.stand_in:
        recordings = [s for s in stimuli.stimuli if s.sentence in chosen and s.role == "reference"]
        write_sentences(recordings, measured, target / SENTENCES, info.corpus)
    return Published(voice, heard)


def sample_path(voice: Voice, stimulus: Stimulus) -> str:
    """Return where a sample is, in the folder of all."""
    return f"{voice.name}/{stimulus.system}/{stimulus.sentence}.ogg"


def samples_page(published: list[Published]) -> str:
    """Return the page that links all samples, as Markdown."""
    lines = [
        "# Samples of the voices in the package",
        "",
        "The first sentences of each test set, by every system: held out from training and from "
        "every choice, and not selected by how they sound. Each was synthesized once, with seed 0.",
    ]
    for voice, stimuli in published:
        kind = "stand-in" if voice.stand_in else "human"
        lines += ["", f"## {voice.name} ({kind} voice)", ""]
        lines += [f"| sentence | {' | '.join(SYNTHETIC)} |", "|---" * (1 + len(SYNTHETIC)) + "|"]
        by_text: dict[str, dict[str, Stimulus]] = {}
        for stimulus in stimuli:
            by_text.setdefault(stimulus.text, {})[stimulus.system] = stimulus
        for text, systems in by_text.items():
            links = [f"[hear]({sample_path(voice, systems[name])})" for name in SYNTHETIC]
            lines.append(f"| {' | '.join([text, *links])} |")
    return "\n".join(lines) + "\n"


def write_sentences(recordings: list[Stimulus], source: Path, out: Path, info: CorpusInfo) -> None:
    """Write a corpus folder of held-out sentences with their recordings."""
    rows: list[Recording] = []
    for stimulus in recordings:
        path = out / "wavs" / f"{stimulus.sentence}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        # Lossless: a listener compares the systems with it.
        soundfile.write(path, *read_audio_and_rate(source / stimulus.path))
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
        "imitate a person.",
        "",
    ]
    return "\n".join(lines)


def _training(voice: Voice) -> list[str]:
    rows = ["| system | recipe | steps of its stages | started from |", "|---|---|---|---|"]
    for name, system in voice.systems.items():
        steps = ", ".join(f"{count:,}" for count in system.steps.values())
        origin = system.started_from
        start = (
            f"{origin.recipe} on {origin.corpus} ({origin.hours:.1f} h)" if origin else "nothing"
        )
        rows.append(f"| {name} | `{system.recipe}` | {steps} | {start} |")
    return [
        *rows,
        "",
        *_sharpening(voice),
        "Commands: `python -m benchmarks.voices` (docs/protocol-voices.md).",
    ]


def _sharpening(voice: Voice) -> list[str]:
    """Return what makes the spectrograms sharp: a departure from the papers."""
    refiner = voice.refiner
    decoders = {each.decoder.steps for each in voice.systems.values() if each.decoder}
    parts = [f"the refiner `{refiner.recipe}` ({refiner.steps:,} steps)"] if refiner else []
    parts += [f"adversarially trained decoders ({steps:,} steps)" for steps in decoders]
    if not parts:
        return []
    return [f"Sharper than published, all systems alike: {' and '.join(parts)} (docs/refiner.md)."]


def _measured(objective: dict[str, Any]) -> list[str]:
    head = ["", *METRICS.values()]
    rows = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for system in objective["systems"]:
        cells = [_interval(name, system["metrics"][name]) for name in METRICS]
        rows.append(f"| {' | '.join([system['system'], *cells])} |")
    return rows


def _interval(name: str, value: dict[str, Any]) -> str:
    if name == "wer":
        low, high = (100 * end for end in value["ci"])
        return f"{100 * value['mean']:.1f} % [{low:.1f}, {high:.1f}]"
    return "{:.2f} [{:.2f}, {:.2f}]".format(value["mean"], *value["ci"])


if __name__ == "__main__":
    main()
