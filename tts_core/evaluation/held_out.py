"""`evaluation.json`: what trained systems predict of held-out prosody.

What is measured and why: docs/protocol-kathleen.md.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from intone.errors import UserError
from intone.files import write_whole
from intone.progress import Progress, silent
from tts_core.audio.pitch import f0
from tts_core.config import Features
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.paragraphs import read_splits
from tts_core.corpus.splits import groups
from tts_core.evaluation import latents
from tts_core.evaluation.held_out_figures import draw_prosody, draw_run
from tts_core.evaluation.held_out_page import page
from tts_core.evaluation.held_out_summary import Row, summarise
from tts_core.measures.comparisons import compare
from tts_core.measures.journal import Journal, Values
from tts_core.model_config import SYSTEMS
from tts_core.models import saved
from tts_core.models.camp import CAMP
from tts_core.models.kathaka import Kathaka
from tts_core.models.mode import Mode
from tts_core.models.randomness import seeded
from tts_core.models.renditions import Rendition, render
from tts_core.models.system import System
from tts_core.refiner.load import AUTO, Sharpener
from tts_core.training import metrics
from tts_core.types import Prepared
from tts_core.vocoder.load import Vocoder, load_vocoder
from tts_core.voice import FILE_NAME as VOICE
from tts_core.voice import common_refiner, read_voice

RESULT, PAGE, PART = "evaluation.json", "evaluation.md", "evaluation.part.jsonl"


@dataclass(frozen=True)
class Trained:
    """Trained system to evaluate.

    `name` is that in the tables; `run` is the folder it comes from, None for a voice.
    """

    name: str
    model: System
    description: saved.Description
    run: Path | None


class Heard(NamedTuple):
    """Rendition, and the F0 of its audio (T,) in Hz."""

    rendition: Rendition
    contour: np.ndarray


def load_systems(paths: Sequence[Path]) -> list[Trained]:
    """Load the trained systems of runs and voices, in the registry's order.

    Raises:
        UserError: no finished model, or two of one system.
    """
    folders: list[tuple[Path, Path | None]] = []
    for path in paths:
        if (path / VOICE).is_file():
            folders += [(path / name, None) for name in read_voice(path).systems]
        else:
            folders.append((path / "model" if (path / "model").is_dir() else path, path))
    systems: list[Trained] = []
    for folder, run in folders:
        model, description = saved.load_model(folder)
        missing = set(description.recipe.stages) - set(description.stages_done)
        if missing:
            raise UserError(f"{folder}: stage {min(missing)} is not trained yet; train it first")
        systems.append(Trained(description.recipe.model.system, model, description, run))
    names = [system.name for system in systems]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"two systems are {twice[0]}; evaluate one of them at a time")
    return sorted(systems, key=lambda system: list(SYSTEMS).index(system.name))


def evaluate(
    paths: Sequence[Path],
    data: Path,
    split: str,
    out: Path,
    seed: int = 0,
    vocoder: Vocoder | None = None,
    created_by: str = "intone evaluate",
    progress: Progress = silent,
    refiner: str = AUTO,
    sentences: int | None = None,
) -> dict[str, Any]:
    """Measure trained systems on a held-out split.

    If interrupted, the same call resumes.

    Args:
        paths: run folders or voices. data: prepared corpus they were trained on.
        split: validation or test.
        out: folder for `evaluation.json`, `evaluation.md` and the figures.
        seed: of latents, pre-nets, controls and resampling.
        vocoder: by default the one for the corpus's features.
        refiner: of the synthesized spectrograms of all systems, see `common_refiner`.
        sentences: at most so many with all their recordings, drawn by the seed; None for all.

    Returns:
        what `evaluation.json` holds.

    Raises:
        UserError: a system of another corpus, a split without recordings, or a refiner that only
            some systems have.
    """
    corpus = PreparedCorpus(data)
    systems = load_systems(paths)
    for trained in systems:
        _refuse_another_corpus(trained, corpus)
    whole = corpus.split(split)
    if not whole:
        raise UserError(f"{data}: its {split} split is empty")
    drawn = draw_sentences(whole, sentences, seed)
    rows = [whole[position] for position in drawn]
    vocoder = vocoder or load_vocoder(corpus.info.features)
    sharpener = common_refiner(refiner, paths, corpus.info.features)
    out.mkdir(parents=True, exist_ok=True)
    journal = Journal(out / PART)
    work = _Work(
        corpus,
        split,
        drawn,
        rows,
        other_readings(rows),
        vocoder,
        sharpener,
        seed,
        journal,
        progress,
    )
    held = {s.name: latent for s in systems if (latent := work.latents(s)) is not None}
    table = [*work.recordings(), *(row for system in systems for row in work.speech(system))]
    sentence_of = groups(rows)
    result = {
        "split": split,
        "drawn": _draw(whole, rows, seed),
        "data": corpus.info.summary(),
        "vocoder": vocoder.name,
        "refiner": sharpener and sharpener.name,
        "systems": {trained.name: _described(trained) for trained in systems},
        **summarise(table, held, [row.utterance for row in rows], sentence_of, seed),
        "created_by": created_by,
    }
    _write(result, systems, out)
    journal.path.unlink(missing_ok=True)
    return result


def _draw(whole: Sequence[Prepared], rows: Sequence[Prepared], seed: int) -> dict[str, int] | None:
    """Return how sentences were drawn; None if all are measured."""
    if len(rows) == len(whole):
        return None
    return {"of": len(set(groups(whole).values())), "seed": seed}


def _write(result: dict[str, Any], systems: Sequence[Trained], out: Path) -> None:
    write_whole(out / RESULT, json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    curves = [draw_run(s.name, metrics.read(s.run), out) for s in systems if s.run]
    drawn = [draw_prosody(result, out), *(name for name in curves if name)]
    write_whole(out / PAGE, page(result, drawn))


def draw_sentences(rows: Sequence[Prepared], sentences: int | None, seed: int) -> list[int]:
    """Return the positions of the recordings of drawn sentences.

    Args:
        rows: of a split. sentences: at most so many; None for all. seed: of the draw.
    """
    sentence_of = groups(rows)
    known = sorted(set(sentence_of.values()))
    if sentences is None or sentences >= len(known):
        return list(range(len(rows)))
    chosen = set(np.random.default_rng(seed).choice(known, sentences, replace=False).tolist())
    return [position for position, row in enumerate(rows) if sentence_of[row.utterance] in chosen]


def other_readings(rows: Sequence[Prepared]) -> dict[int, list[int]]:
    """Return, per recording, positions of the speaker's other readings of its tokens."""
    alike: dict[tuple[str, bytes], list[int]] = defaultdict(list)
    for position, row in enumerate(rows):
        alike[row.speaker, row.encoded.tokens.tobytes()].append(position)
    return {p: [o for o in positions if o != p] for positions in alike.values() for p in positions}


@dataclass(frozen=True)
class _Work:
    """Measurements of one split.

    drawn: positions in the split of the recordings that are measured, `rows`.
    """

    corpus: PreparedCorpus
    split: str
    drawn: Sequence[int]
    rows: Sequence[Prepared]
    others: Mapping[int, Sequence[int]]
    vocoder: Vocoder
    refiner: Sharpener | None
    seed: int
    journal: Journal
    progress: Progress

    @property
    def features(self) -> Features:
        return self.corpus.info.features

    def recordings(self) -> list[Row]:
        """Measure the human ceiling, and the recordings through the vocoder."""
        human: list[Values] = []
        for position, row in enumerate(self.rows):
            readings = [self.rows[other] for other in self.others[position]]
            compared = [compare(r.f0, r.mel, r.durations, row, self.features) for r in readings]
            human.append(_mean(compared))
        copies = []
        for number, row in enumerate(self.rows):
            self.progress("copy-synthesis", number + 1, len(self.rows))
            say = partial(self._heard, Rendition(row.mel, row.durations))
            copies.append(self._measured(f"copy|{row.utterance}", say, row, "recording"))
        return [
            Row("human", "other reading", "own", human),
            Row("copy", "copy", "recording", copies),
        ]

    def speech(self, trained: Trained) -> list[Row]:
        """Measure the system in all its modes."""
        neighbours = trained.description.recipe.model.context_sentences
        whole = read_splits(self.corpus, (self.split,), neighbours)[self.split]
        rows = [whole[position] for position in self.drawn]
        return [
            Row(trained.name, mode.name, timing, self._spoken(trained, mode, timing, rows))
            for mode in trained.model.modes
            for timing in mode.timings
        ]

    def _spoken(
        self, trained: Trained, mode: Mode, timing: str, rows: Sequence[Prepared]
    ) -> list[Values]:
        source = list(range(len(rows)))
        if timing == "own" and not mode.reads_recording:
            # Readings of one text, in one context, are rendered alike: once is enough.
            first: dict[tuple[str, bytes], int] = {}
            texts = [(row.text, row.encoded.pieces.tobytes()) for row in rows]
            source = [first.setdefault(text, number) for number, text in enumerate(texts)]

        @cache
        def say(position: int) -> Heard:
            row = rows[position]
            return self._heard(
                self._refined(render(trained.model, mode, timing, row, self.seed), row.text)
            )

        values = []
        for number, row in enumerate(rows):
            self.progress(f"{trained.name}, {mode.name}, {timing}", number + 1, len(rows))
            key = f"{trained.description.weights_sha256}|{mode.name}|{timing}|{row.utterance}"
            key = f"{self.refiner.name}|{key}" if self.refiner else key
            values.append(self._measured(key, partial(say, source[number]), row, timing))
        return values

    def latents(self, trained: Trained) -> latents.Held | None:
        """Measure how well text predicts the latent of Kathaka or CAMP.

        None for every other system.
        """
        model = trained.model
        if not isinstance(model, Kathaka | CAMP):
            return None
        neighbours = trained.description.recipe.model.context_sentences
        splits = read_splits(self.corpus, ("train", self.split), neighbours)
        train, whole = splits["train"], splits[self.split]
        rows = [whole[position] for position in self.drawn]
        if isinstance(model, Kathaka):
            return latents.kathaka(model, train, rows, self.others, self.progress)
        return latents.camp(model, train, rows, self.others, self.seed, self.progress)

    def _refined(self, rendition: Rendition, text: str) -> Rendition:
        if self.refiner is None:
            return rendition
        generator = seeded(self.seed, f"refiner|{text}")
        mel = self.refiner(torch.from_numpy(rendition.mel), generator)
        return Rendition(mel.numpy(), rendition.durations)

    def _heard(self, rendition: Rendition) -> Heard:
        return Heard(rendition, f0(self.vocoder(rendition.mel), self.features))

    def _measured(self, key: str, say: Callable[[], Heard], row: Prepared, timing: str) -> Values:
        key = f"{self.corpus.info.inputs_digest}|{self.vocoder.name}|{self.seed}|{key}"
        if key not in self.journal:
            made, contour = say()
            durations = made.durations if timing == "own" else None
            self.journal.add(key, compare(contour, made.mel, durations, row, self.features))
        return self.journal.get(key)


def _mean(rows: Sequence[Values]) -> Values:
    """Return the mean of each value over the rows that have it."""
    means: Values = {}
    for name in rows[0] if rows else ():
        known = [float(v) for values in rows if (v := values[name]) is not None]
        means[name] = float(np.mean(known)) if known else None
    return means


def _described(trained: Trained) -> dict[str, Any]:
    description = trained.description
    return {
        "recipe": description.called,
        "recipe_digest": description.recipe.digest(),
        "training_seed": description.recipe.seed,
        "weights_sha256": description.weights_sha256,
    }


def _refuse_another_corpus(trained: Trained, corpus: PreparedCorpus) -> None:
    theirs, ours = trained.description.corpus["inputs_digest"], corpus.info.inputs_digest
    if theirs != ours:
        raise UserError(
            f"{trained.run or trained.name}: trained on another preparation than {corpus.path} "
            f"({theirs} instead of {ours}), with other held-out sentences; give the data that it "
            "was trained on"
        )
