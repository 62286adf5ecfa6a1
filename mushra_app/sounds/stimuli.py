"""From a stimulus set to what is played: preflight, anchors, one loudness, one length a page.

The copies stand as WAV in a folder beside the study file, with a manifest. A file is named after
its content and never overwritten by another, so that a running server goes on playing what it
played. Every file gets one fixed gain. Nothing is trimmed: shorter versions of a sentence get
silence *after* their end, so that all files of a page have the same number of bytes and their size
tells nothing.
"""

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from intone.contracts import Stimulus, StimulusSet
from intone.errors import UserError
from mushra_app.sounds.anchors import anchor
from mushra_app.study.file import LOW, MID, Study, conditions
from mushra_app.study.manifest import (
    MANIFEST,
    Item,
    Manifest,
    PlayedRole,
    audio_folder,
    put,
    read_manifest,
)

TARGET_LUFS = -23.0
TOLERANCE_LU = 0.5
# A Web Audio channel splitter has 32 outputs, and all versions of a page share one.
MOST_CHANNELS = 32
MOST_VERSIONS = 12
_PEAK = 10 ** (-0.2 / 20)
_RECIPE = 1

ProgressCallback = Callable[[int, int], None]

Signal = NDArray[np.floating]


def prepare(study: Study, study_yaml: Path, progress: ProgressCallback | None = None) -> Manifest:
    """Check the stimuli of a study and make the files that are played; done before: nothing to do.

    A played file that is missing or damaged is made again.

    Args:
        study: the study.
        study_yaml: its file; paths are relative to it.
        progress: called with sentences done and sentences in all.

    Raises:
        UserError: a file is missing, silent, shorter than 0.4 s, or something does not fit.
    """
    set_folder = (study_yaml.parent / study.stimuli).resolve()
    chosen = _choose(study, StimulusSet.read(set_folder), study_yaml)
    folder = audio_folder(study_yaml)
    digest = _digest(study, chosen)
    existing = read_manifest(folder)
    if existing and existing.made_from == digest:
        return existing
    folder.mkdir(parents=True, exist_ok=True)
    warnings = _duplicates(chosen)
    rate = max(s.sample_rate for s in chosen.values())
    channels = max(soundfile.info(str(set_folder / s.path)).channels for s in chosen.values())
    versions = len(conditions(study)) + 1
    if versions * channels > MOST_CHANNELS:
        raise UserError(
            f"{study_yaml}: systems: {versions} versions of {channels} channels on a page, "
            f"browsers can switch among {MOST_CHANNELS} channels; take fewer systems"
        )
    if len(conditions(study)) > MOST_VERSIONS:
        warnings.append(
            f"{len(conditions(study))} versions on a page; BS.1534-3 allows at most {MOST_VERSIONS}"
        )
    target = min(_level_limit(set_folder, s, study, warnings) for s in chosen.values())
    items = []
    for done, sentence in enumerate(study.sentences, start=1):
        items += _page(study, chosen, set_folder, folder, sentence, rate, channels, target)
        if progress:
            progress(done, len(study.sentences))
    manifest = Manifest(
        made_from=digest,
        sample_rate=rate,
        channels=channels,
        target_lufs=round(target, 2),
        warnings=warnings,
        items=items,
    )
    put(folder / MANIFEST, (manifest.model_dump_json(indent=1) + "\n").encode())
    return manifest


def loudness(samples: Signal, rate: int) -> float:
    """Integrated loudness (ITU-R BS.1770-4), LUFS; -inf for silence.

    Args:
        samples: (frames, channels), at least 0.4 s of it.
        rate: sampling rate, Hz.
    """
    import pyloudnorm

    return float(pyloudnorm.Meter(rate).integrated_loudness(samples))


def _choose(study: Study, found: StimulusSet, study_yaml: Path) -> dict[tuple[str, str], Stimulus]:
    wanted = [study.reference, *study.systems]
    for name in wanted:
        if name not in found.systems:
            raise UserError(f"{study_yaml}: the stimulus set has no system {name!r}")
        if name in (LOW, MID):
            raise UserError(f"{study_yaml}: {name!r} is an anchor's name; rename that system")
    here = {(s.sentence, s.system): s for s in found.stimuli}
    pairs = [(sentence, system) for sentence in study.sentences for system in wanted]
    for sentence, system in pairs:
        if (sentence, system) not in here:
            raise UserError(
                f"{study_yaml}: sentences: {sentence!r} is missing from system {system!r}; remove "
                "the sentence or make the stimulus set again"
            )
    return {pair: here[pair] for pair in pairs}


def _level_limit(folder: Path, stimulus: Stimulus, study: Study, warnings: list[str]) -> float:
    """Check one file; returns the highest loudness it can be given without clipping, LUFS."""
    path = folder / stimulus.path
    samples, rate = _read_audio(path)
    if len(samples) < 0.4 * rate:
        raise UserError(f"{path}: shorter than 0.4 s, so its loudness is undefined; remove it")
    level = loudness(samples, rate)
    if not np.isfinite(level):
        raise UserError(f"{path}: silent; make it again or remove sentence {stimulus.sentence!r}")
    name = f"{stimulus.system}, {stimulus.sentence}"
    full = np.abs(samples) >= 0.999
    if (full[:-2] & full[1:-1] & full[2:]).any():
        warnings.append(f"{name}: clipped (three samples in a row at full scale)")
    if len(samples) > 12 * rate:
        warnings.append(f"{name}: {len(samples) / rate:.1f} s; BS.1534-3 prefers at most 12 s")
    if stimulus.system == study.reference and study.anchors.mid and rate <= 16000:
        warnings.append(f"{name}: at {rate} Hz the 7 kHz anchor removes almost nothing")
    peak = float(np.abs(samples).max())
    # Low-passing may raise peaks (Gibbs), and resampling too; 1 dB is kept for both.
    return min(TARGET_LUFS, level + 20 * float(np.log10(_PEAK / peak)) - 1.0)


def _duplicates(chosen: dict[tuple[str, str], Stimulus]) -> list[str]:
    seen: dict[str, Stimulus] = {}
    warnings = []
    for stimulus in chosen.values():
        other = seen.setdefault(stimulus.sha256, stimulus)
        if other is not stimulus:
            warnings.append(
                f"{stimulus.system}, {stimulus.sentence}: the same file as {other.system}, "
                f"{other.sentence}"
            )
    return warnings


def _page(
    study: Study,
    chosen: dict[tuple[str, str], Stimulus],
    source: Path,
    folder: Path,
    sentence: str,
    rate: int,
    channels: int,
    target: float,
) -> list[Item]:
    """All played files of one sentence."""
    signals: dict[str, tuple[PlayedRole, Signal]] = {}
    for system in [study.reference, *study.systems]:
        stimulus = chosen[sentence, system]
        samples = _load(source / stimulus.path, rate, channels)
        signals[system] = (stimulus.role, samples)
    recording = signals[study.reference][1]
    wanted: list[tuple[str, PlayedRole, bool]] = [
        (LOW, "anchor_low", study.anchors.low),
        (MID, "anchor_mid", study.anchors.mid),
    ]
    for name, role, on in wanted:
        if on:
            samples, mask = anchor(recording, role, rate)
            if not mask.met:
                raise UserError(f"{name}: the filter at {rate} Hz misses the mask ({mask})")
            signals[name] = (role, samples)
    frames = max(len(samples) for _, samples in signals.values())
    text = chosen[sentence, study.reference].text
    return [
        _write(folder, sentence, text, system, role, samples, rate, frames, target)
        for system, (role, samples) in signals.items()
    ]


def _write(
    folder: Path,
    sentence: str,
    text: str,
    system: str,
    role: PlayedRole,
    samples: Signal,
    rate: int,
    frames: int,
    target: float,
) -> Item:
    gain = target - loudness(samples, rate)
    played = samples * 10 ** (gain / 20)
    peak = float(np.abs(played).max())
    if peak > 1:
        # Only an anchor can get here: less of its energy is left for the same peaks.
        played, gain = played * (_PEAK / peak), gain + 20 * float(np.log10(_PEAK / peak))
    level = loudness(played, rate)
    if abs(level - target) > TOLERANCE_LU:
        raise UserError(
            f"{system}, {sentence}: cannot be brought to {target:.1f} LUFS without clipping; leave "
            "the sentence out"
        )
    padded = np.zeros((frames, played.shape[1]))
    padded[: len(played)] = played
    content = io.BytesIO()
    soundfile.write(content, padded, rate, subtype="PCM_16", format="WAV")
    digest = hashlib.sha256(content.getvalue()).hexdigest()
    name = digest[:16] + ".wav"
    put(folder / name, content.getvalue())
    return Item(
        sentence=sentence,
        text=text,
        system=system,
        role=role,
        path=name,
        sha256=digest,
        seconds=len(samples) / rate,
        gain_db=round(gain, 3),
        loudness_lufs=round(level, 3),
    )


def _load(path: Path, rate: int, channels: int) -> Signal:
    samples, own_rate = _read_audio(path)
    if own_rate != rate:
        samples = np.asarray(soxr.resample(samples, own_rate, rate, quality="VHQ"))
    return np.repeat(samples, channels, axis=1) if samples.shape[1] < channels else samples


def _read_audio(path: Path) -> tuple[Signal, int]:
    """Samples (frames, channels) and sampling rate, Hz."""
    samples, rate = soundfile.read(str(path), always_2d=True)
    return np.asarray(samples, dtype=np.float64), int(rate)


def _digest(study: Study, chosen: dict[tuple[str, str], Stimulus]) -> str:
    files = [(s.sentence, s.system, s.role, s.text, s.sha256) for s in chosen.values()]
    choices = [_RECIPE, study.reference, study.anchors.model_dump(), files]
    return hashlib.sha256(json.dumps(choices).encode()).hexdigest()
