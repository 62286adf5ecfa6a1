"""Played files of a study: anchors, equal loudness, equal length per page.

The copies are WAV files in a folder beside the study file, with a manifest. A file is named after
its content and never overwritten by another, so that a running server continues to play the same
files. Every file gets one fixed gain. Nothing is trimmed: shorter versions of a sentence get
silence *after* their end, so that all files of a page have the same size, which then reveals
nothing.
"""

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
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
    read_manifest,
    write_bytes_whole,
)

TARGET_LUFS = -23.0
TOLERANCE_LU = 0.5
# A Web Audio channel splitter has 32 outputs, shared by all versions of a page.
MOST_CHANNELS = 32
MOST_VERSIONS = 12
_PEAK = 10 ** (-0.2 / 20)
_FORMAT_VERSION = 1

ProgressCallback = Callable[[int, int], None]

Signal = NDArray[np.floating]


def prepare(study: Study, study_yaml: Path, progress: ProgressCallback | None = None) -> Manifest:
    """Check the stimuli of a study and make the played files.

    Existing files are kept if they are up to date and complete.

    Args:
        study: the study.
        study_yaml: its file; paths are relative to it.
        progress: called with sentences done and sentences in all.

    Raises:
        UserError: a file is missing, silent or shorter than 0.4 s, or the study and the stimulus
            set do not match.
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
    _check_versions(study, study_yaml, channels, warnings)
    target = min(_level_limit(set_folder, s, study, warnings) for s in chosen.values())
    output = _Output(folder, rate, channels, target)
    items = []
    for done, sentence in enumerate(study.sentences, start=1):
        items += _page(study, chosen, set_folder, sentence, output)
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
    write_bytes_whole(folder / MANIFEST, (manifest.model_dump_json(indent=1) + "\n").encode())
    return manifest


def _check_versions(study: Study, study_yaml: Path, channels: int, warnings: list[str]) -> None:
    """Check the number of versions on a page."""
    versions = len(conditions(study))
    # The open reference is played beside the versions.
    if (versions + 1) * channels > MOST_CHANNELS:
        raise UserError(
            f"{study_yaml}: systems: {versions + 1} versions of {channels} channels on a page, but "
            f"browsers can switch among {MOST_CHANNELS} channels; use fewer systems"
        )
    if versions > MOST_VERSIONS:
        warnings.append(f"{versions} versions on a page; BS.1534-3 allows at most {MOST_VERSIONS}")


def loudness(samples: Signal, rate: int) -> float:
    """Measure integrated loudness (ITU-R BS.1770-4), LUFS; -inf for silence.

    Args:
        samples: (frames, channels), at least 0.4 s.
        rate: sampling rate, Hz.
    """
    import pyloudnorm

    return float(pyloudnorm.Meter(rate).integrated_loudness(samples))


def _choose(
    study: Study, stimulus_set: StimulusSet, study_yaml: Path
) -> dict[tuple[str, str], Stimulus]:
    systems = [study.reference, *study.systems]
    for name in systems:
        if name not in stimulus_set.systems:
            raise UserError(
                f"{study_yaml}: the stimulus set has no system {name!r}; correct the name or make "
                "the stimulus set again"
            )
        if name in (LOW, MID):
            raise UserError(f"{study_yaml}: {name!r} is the name of an anchor; rename that system")
    stimuli = {(s.sentence, s.system): s for s in stimulus_set.stimuli}
    pairs = [(sentence, system) for sentence in study.sentences for system in systems]
    for sentence, system in pairs:
        if (sentence, system) not in stimuli:
            raise UserError(
                f"{study_yaml}: sentences: {sentence!r} is missing from system {system!r}; remove "
                "the sentence or make the stimulus set again"
            )
    return {pair: stimuli[pair] for pair in pairs}


def _level_limit(folder: Path, stimulus: Stimulus, study: Study, warnings: list[str]) -> float:
    """Check one file, and return its highest loudness without clipping, LUFS."""
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
    # Low-passing (Gibbs) and resampling may raise peaks; 1 dB is reserved for both.
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


@dataclass(frozen=True)
class _Output:
    """Folder and common format of the played files.

    Attributes:
        folder: folder of the files.
        rate: sampling rate, Hz.
        channels: number of channels.
        target: loudness, LUFS.
    """

    folder: Path
    rate: int
    channels: int
    target: float


def _page(
    study: Study,
    chosen: dict[tuple[str, str], Stimulus],
    source: Path,
    sentence: str,
    output: _Output,
) -> list[Item]:
    """Write all played files of one sentence."""
    signals: dict[str, tuple[PlayedRole, Signal]] = {}
    for system in [study.reference, *study.systems]:
        stimulus = chosen[sentence, system]
        signals[system] = (stimulus.role, _load(source / stimulus.path, output))
    recording = signals[study.reference][1]
    anchors: list[tuple[str, PlayedRole, bool]] = [
        (LOW, "anchor_low", study.anchors.low),
        (MID, "anchor_mid", study.anchors.mid),
    ]
    for name, role, on in anchors:
        if on:
            samples, mask = anchor(recording, role, output.rate)
            if not mask.met:
                raise UserError(
                    f"{name}: the filter at {output.rate} Hz misses the mask ({mask}); turn that "
                    "anchor off in the study file"
                )
            signals[name] = (role, samples)
    frames = max(len(samples) for _, samples in signals.values())
    text = chosen[sentence, study.reference].text
    items = []
    for system, (role, samples) in signals.items():
        played, gain, level = _levelled(samples, output, f"{system}, {sentence}")
        name, digest = _write(played, frames, output)
        items.append(
            Item(
                sentence=sentence,
                text=text,
                system=system,
                role=role,
                path=name,
                sha256=digest,
                seconds=len(samples) / output.rate,
                gain_db=round(gain, 3),
                loudness_lufs=round(level, 3),
            )
        )
    return items


def _levelled(samples: Signal, output: _Output, name: str) -> tuple[Signal, float, float]:
    """Return the samples at the target loudness, gain (dB) and loudness (LUFS)."""
    rate, target = output.rate, output.target
    gain = target - loudness(samples, rate)
    played = samples * 10 ** (gain / 20)
    peak = float(np.abs(played).max())
    if peak > 1:
        # Only an anchor can clip: it has less energy for the same peaks.
        played, gain = played * (_PEAK / peak), gain + 20 * float(np.log10(_PEAK / peak))
    level = loudness(played, rate)
    if abs(level - target) > TOLERANCE_LU:
        raise UserError(
            f"{name}: cannot have {target:.1f} LUFS without clipping; leave the sentence out"
        )
    return played, gain, level


def _write(samples: Signal, frames: int, output: _Output) -> tuple[str, str]:
    """Write samples, padded to `frames`, as WAV; return file name and digest."""
    padded = np.zeros((frames, samples.shape[1]))
    padded[: len(samples)] = samples
    content = io.BytesIO()
    soundfile.write(content, padded, output.rate, subtype="PCM_16", format="WAV")
    digest = hashlib.sha256(content.getvalue()).hexdigest()
    name = digest[:16] + ".wav"
    write_bytes_whole(output.folder / name, content.getvalue())
    return name, digest


def _load(path: Path, output: _Output) -> Signal:
    samples, file_rate = _read_audio(path)
    if file_rate != output.rate:
        samples = np.asarray(soxr.resample(samples, file_rate, output.rate, quality="VHQ"))
    if samples.shape[1] < output.channels:
        samples = np.repeat(samples, output.channels, axis=1)
    return samples


def _read_audio(path: Path) -> tuple[Signal, int]:
    """Return samples (frames, channels) and sampling rate, Hz."""
    samples, rate = soundfile.read(str(path), always_2d=True)
    return np.asarray(samples, dtype=np.float64), int(rate)


def _digest(study: Study, chosen: dict[tuple[str, str], Stimulus]) -> str:
    files = [(s.sentence, s.system, s.role, s.text, s.sha256) for s in chosen.values()]
    choices = [_FORMAT_VERSION, study.reference, study.anchors.model_dump(), files]
    return hashlib.sha256(json.dumps(choices).encode()).hexdigest()
