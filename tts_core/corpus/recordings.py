"""What is done with each recording by itself, in worker processes."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from intone.errors import UserError
from tts_core.audio.io import read_audio, read_audio_and_rate
from tts_core.config import Features
from tts_core.corpus.align import ALIGNER_RATE_HZ, AlignmentError, for_aligners, token_durations
from tts_core.corpus.shards import LeftOut, write_shard
from tts_core.types import Encoded, Prepared, Recording

SHORTEST_S = 0.2
LONGEST_S = 20.0
SILENT_PEAK = 0.01
"""-40 dBFS: no speech is quieter."""
CLIPPED_RUN = 3
CLIPPED_SHARE = 1e-4
"""A recording is clipped if more than this share of its samples stands in runs of at least
`CLIPPED_RUN` samples at full scale."""


class Checked(NamedTuple):
    """Whether a recording can be used."""

    utterance: str
    seconds: float
    reason: str | None


class Draft(NamedTuple):
    """An utterance before its features are computed. times: (P, 2) of its phones, s."""

    recording: Recording
    split: str
    encoded: Encoded
    words: tuple[str, ...]
    times: np.ndarray


class ShardJob(NamedTuple):
    """One shard to make."""

    path: Path
    features: Features
    drafts: list[Draft]


def check(recording: Recording, scratch: Path) -> Checked:
    """Say what is wrong with a recording, or write its 16 kHz WAV for the aligner to `scratch`."""
    if not recording.text:
        return Checked(recording.utterance, 0.0, "text missing")
    try:
        samples, rate = read_audio_and_rate(recording.path)
    except UserError as error:
        return Checked(recording.utterance, 0.0, f"unreadable: {error}")
    seconds = len(samples) / rate
    reason = _fault(samples, seconds)
    if reason is None:
        wav = scratch / f"{recording.utterance}.wav"
        soundfile.write(wav, for_aligners(samples, rate), ALIGNER_RATE_HZ, subtype="PCM_16")
    return Checked(recording.utterance, seconds, reason)


def make_shard(job: ShardJob) -> list[LeftOut]:
    """Compute spectrograms, F0 and durations, and write the shard if any utterance is left."""
    from tts_core.audio.mel import MelSpectrogram, log_mel
    from tts_core.audio.pitch import f0

    spectrogram = MelSpectrogram(job.features)
    utterances, left_out = [], []
    for draft in job.drafts:
        recording = draft.recording
        samples = read_audio(recording.path, job.features.sample_rate_hz)
        mel = log_mel(samples, spectrogram)
        try:
            durations = token_durations(draft.encoded.tokens, draft.times, len(mel), job.features)
        except AlignmentError as error:
            reason = f"alignment failed: {error}"
            left_out.append(LeftOut(utterance=recording.utterance, reason=reason))
            continue
        utterances.append(
            Prepared(
                utterance=recording.utterance,
                sentence=recording.sentence,
                text=recording.text,
                speaker=recording.speaker,
                split=draft.split,
                encoded=draft.encoded,
                durations=durations,
                mel=mel,
                f0=f0(samples, job.features),
                audio=_in_corpus(recording.path),
                words=draft.words,
            )
        )
    write_shard(job.path, utterances)
    return left_out


def _in_corpus(path: str) -> str:
    """`wavs/NAME`: a recording's file as seen from the corpus folder."""
    return "/".join(Path(path).parts[-2:])


def _fault(samples: np.ndarray, seconds: float) -> str | None:
    if seconds > LONGEST_S:
        return f"too long: {seconds:.1f} s, more than {LONGEST_S:.0f} s"
    if seconds < SHORTEST_S:
        return f"too short: {seconds:.2f} s"
    peak = float(np.abs(samples).max())
    if peak < SILENT_PEAK:
        return f"silent: peak {20 * np.log10(max(peak, 1e-9)):.0f} dBFS"
    share = clipped_share(samples)
    if share > CLIPPED_SHARE:
        return f"clipped: {100 * share:.2f} % of the samples stand at full scale"
    return None


def clipped_share(samples: np.ndarray) -> float:
    """Share of (L,) samples in runs of `CLIPPED_RUN` or more at full scale, 0 to 1."""
    at_limit = np.abs(samples) >= 0.999
    edges = np.flatnonzero(np.diff(np.concatenate(([0], at_limit.astype(np.int8), [0]))))
    runs = edges[1::2] - edges[::2]
    return float(runs[runs >= CLIPPED_RUN].sum() / len(samples))
