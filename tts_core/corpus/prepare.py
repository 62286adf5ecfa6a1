"""Preparation of a corpus of recordings for training.

The stages: check every recording; analyse texts; align phones; compute features shard by shard;
statistics. Each is cut into pieces that run side by side; what is done stays in `OUT/.work` until
all is, so that an interrupted preparation is resumed. `prepared.json` is written
last.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from intone.errors import UserError
from intone.files import owned, write_whole
from intone.progress import Progress, silent
from tts_core.corpus import shards
from tts_core.corpus.alignment.align import align
from tts_core.corpus.alignment.types import Alignment, Utterance
from tts_core.corpus.claim import claim, finished, inputs_digest, refuse_foreign, release
from tts_core.corpus.engines import known_engine, open_engine
from tts_core.corpus.links import neighbours
from tts_core.corpus.pool import Engine, cut, run_pieces
from tts_core.corpus.recordings import (
    Checked,
    Draft,
    check_piece,
    make_shard,
    read_checked,
    shard_path,
)
from tts_core.corpus.settings import ALIGNERS, Settings, of_speaker
from tts_core.corpus.shards import VERSION, Doubt, LeftOut, PreparedInfo
from tts_core.corpus.sources import read_corpus
from tts_core.corpus.splits import split
from tts_core.corpus.statistics import statistics
from tts_core.corpus.texts import Analysed, analyse_piece, read_analysed
from tts_core.types import Recording

SHARD_SIZE = 200
TEXTS_AT_ONCE = 64
RECORDINGS_AT_ONCE = 64


def prepare(
    corpus: str | Path,
    out: str | Path,
    settings: Settings | None = None,
    engine: str = "local",
    workers: int = 2,
    progress: Progress = silent,
) -> PreparedInfo:
    """Prepare a corpus for training.

    A recording that cannot be used is left out with a reason. If `out` already holds the same
    preparation, only the place of the corpus is noted anew; another one in `out` is replaced. The
    engine and the number of workers change nothing of the result.

    Sides of the split are drawn before anything is left out. With fewer than three groups of
    sentences, or if all of a side's are left out, validation or test is empty: `splits` of the
    result shows it.

    Args:
        corpus: corpus folder (`tts_core.corpus.sources`).
        out: folder for `prepared.json` and `shards/`.
        settings: all that decides the result; the defaults if None.
        engine: "local" or "ray".
        workers: processes; on a Ray cluster its processors are used instead.
        progress: receives each stage.

    Raises:
        UserError: no corpus there, several speakers and none chosen, an asset is missing, another
            process works in `out`, or nothing of the training split can be used.
    """
    out, folder, settings = Path(out), Path(corpus).absolute(), settings or Settings()
    known_engine(engine)
    corpus_info, recordings = read_corpus(corpus)
    recordings = of_speaker(recordings, settings.speaker)
    sides = split(recordings, settings.seed)
    inventories = shards.inventory_digest()
    given = [VERSION, corpus_info.model_dump(), settings.described(), inventories, sides]
    digest = inputs_digest(given, recordings, progress=progress)
    if (done := finished(out, digest)) is not None:
        release(out)
        return _now_at(folder, done, out)
    refuse_foreign(out)
    with owned(out):
        work = claim(out, digest)
        with open_engine(engine, workers, (folder, out.absolute())) as run:
            preparation = _Preparation(recordings, sides, settings, out.absolute(), work, run)
            made = preparation.run(progress)
        info = PreparedInfo(
            version=VERSION,
            inputs_digest=digest,
            corpus=corpus_info,
            corpus_folder=str(folder),
            features=settings.features,
            features_digest=settings.features.digest(),
            encoder=settings.encoder,
            inventory_digest=inventories,
            lexicon_digest=settings.lexicon_digest(),
            split_seed=None if any(r.split for r in recordings) else settings.seed,
            **made._asdict(),
            **statistics([out / "shards" / name for name in made.shards], settings.features),
        )
        shards.write_info(out, info)
        release(out)
    return info


def _now_at(folder: Path, info: PreparedInfo, out: Path) -> PreparedInfo:
    if info.corpus_folder == str(folder):
        return info
    moved = info.model_copy(update={"corpus_folder": str(folder)})
    shards.write_info(out, moved)
    return moved


class _Made(NamedTuple):
    """The fields of `PreparedInfo` that the stages decide."""

    shards: list[str]
    aligner: str
    parsers: dict[str, int]
    left_out: list[LeftOut]
    warnings: list[Doubt]


@dataclass(frozen=True)
class _Preparation:
    """Stages of one preparation.

    The paths `out` and `work` are absolute, so that every machine finds them.
    """

    recordings: Sequence[Recording]
    sides: Mapping[str, str]
    settings: Settings
    out: Path
    work: Path
    engine: Engine

    def run(self, progress: Progress) -> _Made:
        """All stages but the statistics."""
        checked = self._check(progress)
        reasons = {row.utterance: row.fault for row in checked if row.fault is not None}
        sound = [r for r in self.recordings if r.utterance not in reasons]
        self._some_left(sound, reasons)
        texts = self._analyse(sound, progress)
        for r in sound:
            if isinstance(failure := texts[r.text], str):
                reasons[r.utterance] = failure
        read = {
            text: analysis for text, analysis in texts.items() if isinstance(analysis, Analysed)
        }
        sound = [r for r in sound if r.text in read]
        self._some_left(sound, reasons)
        alignment = self._align(sound, read, progress)
        reasons |= {name: f"alignment failed: {why}" for name, why in alignment.failures.items()}
        self._some_left([r for r in sound if r.utterance in alignment.times], reasons)
        names, unfitting = self._make_shards(sound, read, alignment.times, progress)
        reasons |= unfitting
        return _Made(
            shards=names,
            aligner=alignment.aligner,
            parsers=dict(Counter(analysis.parser for analysis in read.values())),
            left_out=[
                LeftOut(utterance=r.utterance, reason=reasons[r.utterance])
                for r in self.recordings
                if r.utterance in reasons
            ],
            warnings=[
                Doubt(utterance=row.utterance, warning=doubt)
                for row in checked
                if row.utterance not in reasons
                for doubt in row.doubts
            ],
        )

    def _some_left(self, sound: Sequence[Recording], reasons: Mapping[str, str]) -> None:
        if not sound:
            name, reason = next(iter(reasons.items()))
            raise UserError(
                f"{Path(self.recordings[0].path).parents[1]}: none of its {len(self.recordings)} "
                f"recordings can be used; the first, {name}, is left out for this reason: {reason}"
            )

    def _check(self, progress: Progress) -> list[Checked]:
        pieces = cut(self.recordings, RECORDINGS_AT_ONCE, self.work / "checked")
        work = partial(check_piece, features=self.settings.features, wavs=self.work / "wavs")
        run_pieces(self.engine, work, pieces, "checking recordings", progress)
        return read_checked(pieces)

    def _analyse(
        self, recordings: Sequence[Recording], progress: Progress
    ) -> dict[str, Analysed | str]:
        """Analyse texts; a refused text maps to the reason."""
        texts = list(dict.fromkeys(r.text for r in recordings))
        pieces = cut(texts, TEXTS_AT_ONCE, self.work / "texts", ".parquet")
        chosen = self.settings
        lexicon = str(chosen.lexicon.absolute()) if chosen.lexicon else None
        work = partial(analyse_piece, encoder=chosen.encoder, parser=chosen.parser, lexicon=lexicon)
        run_pieces(self.engine, work, pieces, "analysing texts", progress)
        return dict(read_analysed(pieces))

    def _align(
        self, recordings: Sequence[Recording], texts: Mapping[str, Analysed], progress: Progress
    ) -> Alignment:
        """Return phone times of utterances, and reasons of failures."""
        kept = self.work / "alignment.json"
        if not kept.is_file():
            utterances = {
                r.utterance: Utterance(
                    self.work / "wavs" / f"{r.utterance}.wav", texts[r.text].phones
                )
                for r in recordings
            }
            alignment = align(self.settings.aligner, utterances, self.settings.seed, progress)
            times = {name: rows.tolist() for name, rows in alignment.times.items()}
            write_whole(kept, json.dumps(alignment._replace(times=times)))
        stored = Alignment(*json.loads(kept.read_text(encoding="utf-8")))
        times = {name: np.array(rows) for name, rows in stored.times.items()}
        return stored._replace(times=times)

    def _make_shards(
        self,
        recordings: Sequence[Recording],
        texts: Mapping[str, Analysed],
        times: Mapping[str, np.ndarray],
        progress: Progress,
    ) -> tuple[list[str], dict[str, str]]:
        """Write the shards.

        Returns their names, and the reason for each utterance left out.
        """
        links = neighbours(self.recordings)
        drafts = [
            Draft(
                recording=r,
                split=self.sides[r.utterance],
                previous=links[r.utterance][0],
                next=links[r.utterance][1],
                encoded=texts[r.text].encoded,
                words=texts[r.text].words,
                times=times[r.utterance],
            )
            for r in recordings
            if r.utterance in times
        ]
        folder = self.out / "shards"
        pieces = cut(drafts, SHARD_SIZE, self.work / "shards")
        # An imported alignment stays as it is.
        mend = self.settings.aligner in ALIGNERS
        work = partial(make_shard, folder=folder, features=self.settings.features, mend=mend)
        run_pieces(self.engine, work, pieces, "computing features", progress)
        unfitting: dict[str, str] = {}
        for piece in pieces:
            unfitting |= json.loads(piece.done.read_text(encoding="utf-8"))
        return [shard_path(piece, folder).name for piece in pieces], unfitting
