"""Stimulus sets: written file by file and resumable."""

import re
from pathlib import Path

import numpy as np

from intone.contracts.stimuli import FILE_NAME, Role, Source, Stimulus, StimulusSet
from intone.errors import UserError
from intone.files import sha256
from tts_core.audio.io import attenuate, write_audio
from tts_core.audio.loudness import integrated_lufs
from tts_core.synthesis.job_log import JobLog

JOURNAL = "stimuli.part.jsonl"


class StimulusWriter:
    """Writer of a stimulus set, file by file.

    Started again with the same settings, it resumes.

    Every finished file is noted in a journal beside the audio; `finish` makes it `stimuli.json`.

    Args:
        out: folder of the set; made if it is not there.
        settings: whatever decides the audio (systems, checkpoints, seed, texts), as JSON values. A
            folder begun with other settings is refused, so that a set is never a mixture.

    Raises:
        UserError: `out` holds a finished set, or one begun with other settings.
    """

    def __init__(self, out: Path, settings: object) -> None:
        self.out = out
        self._stimuli: dict[tuple[str, str], Stimulus] = {}
        if (out / FILE_NAME).exists():
            raise UserError(f"{out}: already holds a stimulus set; choose another folder")
        self._log = JobLog(out / JOURNAL, settings)
        for line in self._log.lines:
            stimulus = Stimulus.model_validate_json(line)
            path = self.out / stimulus.path
            if path.is_file() and sha256(path) == stimulus.sha256:
                self._stimuli[stimulus.sentence, stimulus.system] = stimulus

    def has(self, sentence: str, system: str) -> bool:
        """Return whether this file was already written with these settings."""
        return (sentence, system) in self._stimuli

    def add(
        self,
        sentence: str,
        text: str,
        system: str,
        role: Role,
        samples: np.ndarray,
        sample_rate_hz: int,
        source: Source,
    ) -> Stimulus:
        """Write one file as FLAC, 24 bit.

        Samples beyond full scale are not clipped: the file is attenuated and its source's note says
        by how much.

        Args:
            sentence: id of the sentence.
            text: text as written; empty if unknown.
            system: name of the system that speaks.
            role: role of the system in the design.
            samples: (L,) samples, full scale from -1 to 1.
            sample_rate_hz: sample rate, Hz.
            source: origin of the samples.

        Raises:
            UserError: silence, values that are not numbers, or two names that make one file name.
        """
        path = f"audio/{_file_name(system)}/{_file_name(sentence)}.flac"
        taken = [s for s in self._stimuli.values() if s.path.casefold() == path.casefold()]
        if any((s.sentence, s.system) != (sentence, system) for s in taken):
            raise UserError(f"{path}: two sentences or systems make this file name; rename one")
        if not np.any(samples):
            raise UserError(f"sentence {sentence!r}, system {system!r}: holds only silence")
        safe, gain = attenuate(samples)
        if gain:
            words = f"attenuated by {-gain:.2f} dB so as not to clip"
            source = source.model_copy(
                update={"note": f"{source.note}; {words}" if source.note else words}
            )
        written = write_audio(self.out / path, safe, sample_rate_hz)
        loudness = integrated_lufs(safe, sample_rate_hz)
        stimulus = Stimulus(
            sentence=sentence,
            text=text,
            system=system,
            role=role,
            path=path,
            sha256=sha256(written),
            seconds=len(samples) / sample_rate_hz,
            sample_rate=sample_rate_hz,
            loudness_lufs=None if loudness is None else round(loudness, 2),
            source=source,
        )
        self._stimuli[sentence, system] = stimulus
        self._log.append(stimulus.model_dump_json())
        return stimulus

    def finish(
        self, name: str, voice: str, licence: str, created_by: str, language: str = "en"
    ) -> StimulusSet:
        """Write `stimuli.json`, ordered by sentence and system, and drop the journal.

        Args:
            name: of the set. voice: whose; say so if it is a stand-in. licence: of the audio.
            created_by: the command line. language: of the texts, BCP 47.
        """
        if not self._stimuli:
            raise UserError(f"{self.out}: no stimulus was written; give sentences and systems")
        order = {system: i for i, (_, system) in enumerate(self._stimuli)}
        stimuli = sorted(self._stimuli.values(), key=lambda s: (s.sentence, order[s.system]))
        finished = StimulusSet(
            name=name,
            language=language,
            voice=voice,
            licence=licence,
            created_by=created_by,
            stimuli=stimuli,
        )
        finished.write(self.out)
        self._log.remove()
        return finished


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.+-]", "_", name).lstrip(".") or "_"
