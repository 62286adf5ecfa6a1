"""Speed of the package's voices, from text to audio.

    python -m benchmarks.voice_speed [VOICE...] [--repeats 3]

Every system of each voice speaks the first four demo sentences, one at a time, as `intone synth`
does: text analysis, acoustic model, refiner and vocoder. Real-time factors are CPU seconds of one
thread divided by seconds of speech, minimum and median of the turns; the systems take turns. The
refiner and the vocoder are also timed by themselves, on the spectrograms that the system made.
Prints a Markdown table.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import torch

from tts_core.corpus.demo import sentences
from tts_core.models.randomness import seeded
from tts_core.synthesis.synthesize import Synthesizer
from tts_core.voice import SHIPPED, find_voice, read_voice

N_SENTENCES = 4
AnyResult = TypeVar("AnyResult")
HEAD = ("voice", "system", "all, minimum", "median", "refiner alone", "vocoder alone")


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Measure the speed of voices.")
    parser.add_argument("voices", nargs="*", default=list(SHIPPED), help="folders or names")
    parser.add_argument("--repeats", type=int, default=3, help="turns")
    options = parser.parse_args()
    torch.set_num_threads(1)
    texts = [sentence.text for sentence in sentences()[:N_SENTENCES]]
    rows = [HEAD, ("---",) * 2 + ("--:",) * 4]
    for voice in options.voices:
        rows += measure(find_voice(Path(voice)), texts, options.repeats)
    sys.stdout.writelines(f"| {' | '.join(row)} |\n" for row in rows)


def measure(voice: Path, texts: list[str], repeats: int) -> Iterator[tuple[str, ...]]:
    """Yield a row for each system of a voice."""
    described = read_voice(voice)
    speakers = {name: Synthesizer.load(name, voice) for name in described.systems}
    turns: dict[str, list[tuple[float, float, float]]] = {name: [] for name in speakers}
    for speaker in speakers.values():
        speaker.speak(texts[0])
    for _ in range(repeats):
        for name, speaker in speakers.items():
            turns[name].append(speak(speaker, texts))
    for name, of_turns in turns.items():
        whole, refiner, vocoder = zip(*of_turns, strict=True)
        values = (min(whole), statistics.median(whole), min(refiner), min(vocoder))
        yield (described.name, name, *(f"{value:.3f}" for value in values))


def speak(speaker: Synthesizer, texts: list[str]) -> tuple[float, float, float]:
    """Return real-time factors of all, of the refiner and of the vocoder."""
    whole = refining = vocoding = seconds = 0.0
    for text in texts:
        took, speech = timed(lambda text=text: speaker.speak(text))
        whole += took
        seconds += len(speech.samples) / speech.sample_rate
        mel = torch.from_numpy(speech.mel)
        refiner = speaker.refiner
        if refiner is not None:
            refining += timed(lambda mel=mel, use=refiner: use(mel, seeded(0, "")))[0]
        vocoding += timed(lambda mel=mel: speaker.vocoder(mel))[0]
    return whole / seconds, refining / seconds, vocoding / seconds


def timed(work: Callable[[], AnyResult]) -> tuple[float, AnyResult]:
    """Return CPU seconds and the result."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


if __name__ == "__main__":
    main()
