"""A corpus of recordings to a prepared corpus.

The stages: check every recording; analyse texts; align phones; compute features shard by shard;
statistics. What is done stays in `OUT/.work` until all is, so that an interrupted preparation goes
on where it stopped. `prepared.json` is written last.
"""

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from intone.errors import UserError
from intone.files import write_whole
from tts_core.config import Features
from tts_core.corpus import align, shards
from tts_core.corpus.claim import claim, finished, inputs_digest, release
from tts_core.corpus.pool import pool_map, process_pool
from tts_core.corpus.progress import Progress, silent
from tts_core.corpus.recordings import Checked, Draft, ShardJob, check, make_shard
from tts_core.corpus.shards import LeftOut, PreparedInfo
from tts_core.corpus.sources import read_corpus
from tts_core.corpus.splits import split
from tts_core.corpus.statistics import statistics
from tts_core.types import Recording, Sentence

VERSION = 1
SHARD_SIZE = 200
TEXTS_AT_ONCE = 64


def prepare(
    corpus: str | Path,
    out: str | Path,
    features: Features | None = None,
    encoder: str = "minilm",
    seed: int = 0,
    workers: int = 2,
    progress: Progress = silent,
) -> PreparedInfo:
    """Prepare a corpus for training.

    A recording that cannot be used is left out with a reason. If `out` already holds the same
    preparation, only the place of the corpus is noted anew; another one in `out` is replaced.

    Sides of the split are drawn before anything is left out. With fewer than three groups of
    sentences, or if all of a side's are left out, validation or test is empty: `splits` of the
    result says so.

    Args:
        corpus: corpus folder (`tts_core.corpus.sources`).
        out: folder for `prepared.json` and `shards/`.
        features: how audio becomes a spectrogram; the default preset if None.
        encoder: text encoder whose word pieces are stored.
        seed: of the split and of the aligner's training.
        workers: processes for audio.
        progress: is told of each stage.

    Raises:
        UserError: no corpus there, an asset is missing, or nothing of the training split can be
            used.
    """
    out, folder, features = Path(out), Path(corpus).absolute(), features or Features()
    corpus_info, recordings = read_corpus(corpus)
    inventories = shards.inventory_digest()
    given = [VERSION, corpus_info.model_dump(), features.digest(), encoder, seed, inventories]
    digest = inputs_digest(given, recordings, progress=progress)
    if (done := finished(out, digest)) is not None:
        release(out)
        return _now_at(folder, done, out)
    work = claim(out, digest)
    made = _run(recordings, out, work, features, encoder, seed, workers, progress)
    left_out = [
        LeftOut(utterance=r.utterance, reason=made.left_out[r.utterance])
        for r in recordings
        if r.utterance in made.left_out
    ]
    if len(left_out) == len(recordings):
        raise UserError(
            f"{corpus}: none of its {len(recordings)} recordings can be used; the first, "
            f"{left_out[0].utterance}, is left out for this reason: {left_out[0].reason}"
        )
    info = PreparedInfo(
        version=VERSION,
        inputs_digest=digest,
        corpus=corpus_info,
        corpus_folder=str(folder),
        features=features,
        features_digest=features.digest(),
        encoder=encoder,
        inventory_digest=inventories,
        aligner=made.aligner,
        parsers=made.parsers,
        split_seed=seed,
        shards=made.shards,
        left_out=left_out,
        **statistics([out / "shards" / name for name in made.shards], features),
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
    shards: list[str]
    aligner: str
    parsers: dict[str, int]
    left_out: dict[str, str]


def _run(
    recordings: Sequence[Recording],
    out: Path,
    work: Path,
    features: Features,
    encoder: str,
    seed: int,
    workers: int,
    progress: Progress,
) -> _Made:
    with process_pool(workers) as pool:
        left_out, seconds = _check_all(recordings, work, pool, progress)
        sound = [r for r in recordings if r.utterance in seconds]
        texts, unreadable = _analyse(sound, encoder, progress)
        left_out |= {r.utterance: unreadable[r.text] for r in sound if r.text in unreadable}
        sound = [r for r in sound if r.text in texts]
        aligner, times, failed = _align(sound, texts, work, seed, progress)
        sides = split(recordings, seed)
        drafts = [
            Draft(
                recording=r,
                split=sides[r.utterance],
                encoded=texts[r.text].encoded,
                words=tuple(word.text for word in texts[r.text].words),
                times=times[r.utterance],
            )
            for r in sound
            if r.utterance in times
        ]
        names, unfitting = _make_shards(drafts, out, work, features, pool, progress)
    parsers = Counter(sentence.parser for sentence in texts.values())
    return _Made(names, aligner, dict(parsers), left_out | failed | unfitting)


def _check_all(
    recordings: Sequence[Recording], work: Path, pool: Executor | None, progress: Progress
) -> tuple[dict[str, str], dict[str, float]]:
    """Reasons to leave recordings out, and the seconds of the others."""
    kept = work / "checked.json"
    if not kept.is_file():
        checked: list[Checked] = []
        job = partial(check, scratch=work / "wavs")
        for one in pool_map(pool, job, recordings, chunk=16):
            checked.append(one)
            progress("checking recordings", len(checked), len(recordings))
        write_whole(kept, json.dumps(checked))
    rows = [Checked(*row) for row in json.loads(kept.read_text(encoding="utf-8"))]
    reasons = {row.utterance: row.reason for row in rows if row.reason is not None}
    return reasons, {row.utterance: row.seconds for row in rows if row.reason is None}


def _analyse(
    recordings: Sequence[Recording], encoder: str, progress: Progress
) -> tuple[dict[str, Sentence], dict[str, str]]:
    """Text to sentence; text to why there is none."""
    from tts_core.text.analyse import Frontend

    frontend = Frontend(encoder=encoder)
    texts = list(dict.fromkeys(r.text for r in recordings))
    found: dict[str, Sentence] = {}
    failed: dict[str, str] = {}
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        some = texts[start : start + TEXTS_AT_ONCE]
        try:
            found |= {sentence.text: sentence for sentence in frontend.analyse_all(some)}
        except UserError:
            for text in some:
                try:
                    found[text] = frontend.analyse(text)
                except UserError as error:
                    failed[text] = f"text cannot be read: {error}"
        progress("analysing texts", len(found) + len(failed), len(texts))
    return found, failed


def _align(
    recordings: Sequence[Recording],
    texts: dict[str, Sentence],
    work: Path,
    seed: int,
    progress: Progress,
) -> align.Alignment:
    """Phone times of the utterances, and why others have none."""
    kept = work / "alignment.json"
    if not kept.is_file():
        utterances = {
            r.utterance: align.Utterance(
                work / "wavs" / f"{r.utterance}.wav", align.phones_of(texts[r.text])
            )
            for r in recordings
        }
        found = align.align("auto", utterances, seed, progress)
        as_json = found._replace(times={n: t.tolist() for n, t in found.times.items()})
        write_whole(kept, json.dumps(as_json._asdict()))
    stored = align.Alignment(**json.loads(kept.read_text(encoding="utf-8")))
    return align.Alignment(
        aligner=stored.aligner,
        times={name: np.array(times) for name, times in stored.times.items()},
        failures={n: f"alignment failed: {why}" for n, why in stored.failures.items()},
    )


def _make_shards(
    drafts: Sequence[Draft],
    out: Path,
    work: Path,
    features: Features,
    pool: Executor | None,
    progress: Progress,
) -> tuple[list[str], dict[str, str]]:
    """Names of the shards, and why some of their utterances are left out."""
    chunks = [list(drafts[i : i + SHARD_SIZE]) for i in range(0, len(drafts), SHARD_SIZE)]
    names = [f"{number:03d}.parquet" for number in range(len(chunks))]
    reasons = {name: work / f"{name}.json" for name in names}
    # A shard's reasons are written after the shard: where they are, both are.
    todo = [(n, chunk) for n, chunk in zip(names, chunks, strict=True) if not reasons[n].is_file()]
    jobs = [ShardJob(out / "shards" / name, features, chunk) for name, chunk in todo]
    progress("computing features", len(names) - len(todo), len(names))
    for (name, _), left in zip(todo, pool_map(pool, make_shard, jobs), strict=True):
        write_whole(reasons[name], json.dumps({one.utterance: one.reason for one in left}))
        progress("computing features", sum(p.is_file() for p in reasons.values()), len(names))
    unfitting: dict[str, str] = {}
    for path in reasons.values():
        unfitting |= json.loads(path.read_text(encoding="utf-8"))
    return names, unfitting
