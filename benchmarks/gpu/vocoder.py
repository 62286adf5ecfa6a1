"""Training of a vocoder on part of a corpus for some minutes.

    python -m benchmarks.gpu.vocoder --pack PREPARED speech.tar     # here
    python -m benchmarks.gpu.vocoder speech.tar --work FOLDER --minutes 8 --out FOLDER
        [--recipe hifigan_finetune] [--from FOLDER] [key=value ...]  # there

A pack holds recordings at the spectrogram's rate as 16-bit FLAC, a tenth as many held-out ones, and
the universal generator in half precision (27 MiB); for a recipe that starts from scratch `--start
none` leaves it out. Speech takes 1.4 MiB a minute: 6 minutes with the generator, or 24 without, fit
beside this project into 64 MiB. There, the packages pydantic, soundfile and cffi are needed beside
torch's usual company. The same command continues exactly where the last one stopped, as long as the
work folder is there. Into the out folder it writes what small channels carry back: `vocoder.json`
(steps per second, seconds of audio per second, peak memory, held-out mel L1 before and after,
device, versions, date), the generator in half precision in files of at most 14 MiB, and a held-out
recording beside its resynthesis. From those, `--from` continues elsewhere with the generator as
rounded; discriminators (141 MiB in half precision) and Adam's moments are too large to be carried
and start anew, and so does the count of the steps: those of before are in the JSON.
"""

import argparse
import json
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch
from safetensors.torch import load_file, save_file

from benchmarks.gpu.report import at_most, write
from tts_core.audio.mel import MelSpectrogram
from tts_core.config import Features
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.training import metrics
from tts_core.training.events import Event
from tts_core.training.run import parse_changes
from tts_core.units import frames_to_seconds
from tts_core.vocoder.config import VocoderRecipe, load_vocoder_recipe
from tts_core.vocoder.generator import fused, start_folder
from tts_core.vocoder.hifigan import CONFIG, GENERATOR, HifiganConfig
from tts_core.vocoder_training.speech import FULL_SCALE, Clip, Speech, as_float, read_speech
from tts_core.vocoder_training.training import VocoderTraining, train_vocoder

PART_BYTES = 14 * 2**20
MOST_PARTS = 5
HELD_OUT_SHARE = 0.1
START = "hifigan-universal"
FITTING_MINUTES = {True: 6.0, False: 24.0}
"""With a generator to start from, and without."""


def main() -> None:
    """Pack, or train until the time is over and write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path, help="pack, or with --pack the prepared corpus")
    parser.add_argument("changes", nargs="*", help="key=value, of the recipe; or the pack's place")
    parser.add_argument("--pack", action="store_true")
    parser.add_argument("--start", default=START, help="weights to pack; none: leave them out")
    parser.add_argument("--recipe", default="hifigan_finetune")
    parser.add_argument("--work", type=Path, default=Path("work"))
    parser.add_argument("--minutes", type=float, help="of audio, or of training (8)")
    parser.add_argument("--from", dest="origin", type=Path, help="what an earlier call wrote")
    parser.add_argument("--out", type=Path, default=Path("vocoder"))
    given = parser.parse_args()
    if given.pack:
        target = Path(given.changes[0])
        minutes = given.minutes or FITTING_MINUTES[given.start != "none"]
        seconds = pack(given.source, target, given.start, minutes)
        size = target.stat().st_size / 2**20
        sys.stdout.write(f"{target}: {size:.1f} MiB, {seconds / 60:.1f} minutes to learn from\n")
        return
    data = given.work / "data"
    if not (data / "speech.json").is_file():
        with tarfile.open(given.source) as archive:
            archive.extractall(data, filter="data")
    origin = restore(given.origin, given.work / "carried") if given.origin else None
    recipe = recipe_of(given.recipe, data, origin, given.changes)
    speech, run = unpacked(data), given.work / recipe.name
    speed = learn(recipe, speech, run, given.minutes or 8.0)
    carry_back(given.out, run, recipe, speech, speed, _steps_before(given.origin))


def pack(prepared: Path, target: Path, start: str, minutes: float) -> float:
    """Write the file and return the seconds of training audio."""
    speech = read_speech(PreparedCorpus(prepared))
    if not speech.validation:
        raise SystemExit(f"{prepared}: no held-out recordings to judge by; prepare more sentences")
    held_out = _some(speech.validation, minutes * HELD_OUT_SHARE, speech.features)
    chosen = {"train": _some(speech.train, minutes, speech.features), "validation": held_out}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        names: dict[str, list[str]] = {split: [] for split in chosen}
        for split, clips in chosen.items():
            for number, clip in enumerate(clips):
                names[split].append(clip.utterance)
                path = folder / f"{split}-{number:05d}.flac"
                rate = speech.features.sample_rate_hz
                soundfile.write(path, clip.samples, rate, subtype="PCM_16")
        about = {"features": speech.features.model_dump(), "corpus": speech.corpus, "names": names}
        (folder / "speech.json").write_text(json.dumps(about), "utf-8")
        if start != "none":
            _write_start(folder / "start", start_folder(start))
        with tarfile.open(target, "w") as archive:
            archive.add(folder, ".")
    return _seconds(chosen["train"], speech.features)


def _some(clips: list[Clip], minutes: float, features: Features) -> list[Clip]:
    """Return recordings in a seeded order for so many minutes.

    At least one recording.
    """
    order = np.random.default_rng(0).permutation(len(clips))
    chosen: list[Clip] = []
    for index in order:
        chosen.append(clips[index])
        if _seconds(chosen, features) > 60 * minutes:
            break
    return chosen


def _seconds(clips: list[Clip], features: Features) -> float:
    frames = sum(len(clip.mel) for clip in clips)
    return frames_to_seconds(frames, features.hop, features.sample_rate_hz)


def _write_start(folder: Path, source: Path) -> None:
    folder.mkdir()
    halves = {name: value.half() for name, value in load_file(source / GENERATOR).items()}
    save_file(halves, folder / GENERATOR)
    (folder / CONFIG).write_bytes((source / CONFIG).read_bytes())


def unpacked(data: Path) -> Speech:
    """Return the recordings of a pack; spectrograms are computed anew."""
    about = json.loads((data / "speech.json").read_text("utf-8"))
    features = Features.model_validate(about["features"])
    spectrogram = MelSpectrogram(features)
    clips: dict[str, list[Clip]] = {}
    for split, names in about["names"].items():
        clips[split] = []
        for number, name in enumerate(names):
            samples, _ = soundfile.read(data / f"{split}-{number:05d}.flac", dtype="int16")
            clips[split].append(Clip(name, samples, spectrogram(as_float(samples).numpy())))
    return Speech(features, about["corpus"], clips["train"], clips["validation"])


def recipe_of(name: str, data: Path, origin: Path | None, changes: list[str]) -> VocoderRecipe:
    """Return the recipe, starting from the pack's or an earlier call's weights."""
    overrides = parse_changes(changes)[0]
    start = origin or (data / "start" if load_vocoder_recipe(name, overrides).start else None)
    if start is not None:
        overrides |= {"start": str(start), "generator": None}
    return load_vocoder_recipe(name, overrides)


def learn(recipe: VocoderRecipe, speech: Speech, run: Path, minutes: float) -> float:
    """Train for some minutes; return learnt audio seconds per second."""
    speed = 0.0

    def watch(event: Event) -> None:
        nonlocal speed
        speed = event.seconds_per_second

    with at_most(minutes):
        train_vocoder(recipe, speech, run, watch)
    return speed


def carry_back(
    out: Path, run: Path, recipe: VocoderRecipe, speech: Speech, speed: float, before: int
) -> None:
    """Write the report, the weights and a resynthesis."""
    rows = metrics.read(run)
    held_out = [row for row in rows if row["split"] == "validation"]
    training = VocoderTraining(recipe, speech, run, lambda _: None)
    step = training.resume()
    features = speech.features
    of_step = training.segments.batch * recipe.segment_frames
    seconds = frames_to_seconds(of_step, features.hop, features.sample_rate_hz)
    on_gpu = torch.cuda.is_available()
    results = {
        "recipe": recipe.model_dump(mode="json"),
        "config": training.start.config.model_dump(),
        "corpus": speech.corpus,
        "audio_s": _seconds(speech.train, features),
        "held_out_s": _seconds(speech.validation[: recipe.validation_recordings], features),
        "step": step,
        "steps_before": before,
        "steps_per_s": speed / seconds,
        "audio_s_per_s": speed,
        "peak_gib": torch.cuda.max_memory_allocated() / 2**30 if on_gpu else None,
        "before": held_out[0] if held_out else None,
        "after": training.validate(),
        "held_out": held_out,
        "train": [row for row in rows if row["split"] == "train"][:: max(len(rows) // 400, 1)],
    }
    write(out, "vocoder", results)
    for number, part in enumerate(parts(fused(training.generator))):
        save_file(part, out / f"generator-{number}.safetensors")
    _write_heard(out, training, speech.validation[0])


def _write_heard(out: Path, training: VocoderTraining, clip: Clip) -> None:
    """Write a held-out recording and its resynthesis."""
    rate = training.speech.features.sample_rate_hz
    mel = torch.from_numpy(clip.mel.T[None].copy()).to(training.device)
    with torch.inference_mode():
        made = training.generator(mel)[0].cpu().numpy()
    soundfile.write(out / "recording.flac", clip.samples, rate, subtype="PCM_16")
    samples = np.rint(made.clip(-1, 1) * FULL_SCALE).astype(np.int16)
    soundfile.write(out / "resynthesis.flac", samples, rate, subtype="PCM_16")


def parts(weights: dict[str, torch.Tensor]) -> list[dict[str, torch.Tensor]]:
    """Return the weights in half precision, in small parts."""
    results: list[dict[str, torch.Tensor]] = [{}]
    size = 0
    for name, value in weights.items():
        needed = 2 * value.numel()
        if size + needed > PART_BYTES and results[-1]:
            results.append({})
            size = 0
        results[-1][name] = value.half()
        size += needed
    assert len(results) <= MOST_PARTS, "a larger generator than V1 does not fit the channel"
    return results


def restore(origin: Path, folder: Path) -> Path:
    """Make a folder of start weights from an earlier call's results."""
    reached = json.loads((origin / "vocoder.json").read_text("utf-8"))["found"]
    weights: dict[str, torch.Tensor] = {}
    for part in sorted(origin.glob("generator-*.safetensors")):
        weights |= {name: value.float() for name, value in load_file(part).items()}
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / GENERATOR)
    config = HifiganConfig.model_validate(reached["config"])
    (folder / CONFIG).write_text(config.model_dump_json(indent=2) + "\n", "utf-8")
    return folder


def _steps_before(origin: Path | None) -> int:
    """Return the steps behind the carried weights."""
    if origin is None:
        return 0
    reached = json.loads((origin / "vocoder.json").read_text("utf-8"))["found"]
    return reached["step"] + reached["steps_before"]


if __name__ == "__main__":
    main()
