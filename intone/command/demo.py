"""`intone demo`: the whole chain, one resumable step after another."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from intone.errors import UserError
from intone.files import owned, sha256
from intone.resources import cache_path

SYSTEMS = ("ntts", "kathaka", "camp")
SEED = 0
HEART_HOURS = 0.25
SHORT_TRAINING = (
    "This demo continues the training of the package's voice {shipped} for a minute or two a "
    "system, which shows that every stage works and makes nothing better."
)
PLAYED = {"demo": "heart", "heart": "heart", "kathleen": "kathleen"}
"""Voices in the package that the study plays, by corpus.

For other corpora it plays the voice that the demo made.
"""
HEARD = {
    True: "Rated is the voice {shipped} as it is in the package, not the one trained here.",
    False: "Rated is the voice trained here, which knows its corpus from these minutes only.",
}
"""By whether the study plays the voice in the package."""
SIMULATED = (
    "All ratings were simulated with planted effects. They rehearse the study; they say nothing "
    "about these systems."
)


STAND_IN = (
    "The recordings are those of a stand-in voice: a machine read the sentences, not a person."
)


@dataclass
class Demo:
    """One demo: a corpus and a folder that keeps what is done.

    Attributes:
        corpus: `demo` or `heart` (stand-in voices), `kathleen` (human speech), or a corpus folder.
        out: folder of everything; by default in the cache.
        listeners: simulated listeners of the rehearsal.
        sentences: held-out sentences in the study.
        share: fraction of the demo recipes' steps to train; 1 for all.
    """

    corpus: str = "demo"
    out: Path | None = None
    listeners: int = 24
    sentences: int = 6
    share: float = 1.0

    def __post_init__(self) -> None:
        name = Path(self.corpus).name
        self.folder = self.out or cache_path("demo", name)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.console = Console(stderr=True, highlight=False)
        self._started = time.monotonic()
        self._step = 0

    def run(self, port: int | None) -> Path:
        """Run all steps in order and return the path of the report.

        Raises:
            UserError: no such corpus, or another demo runs in this folder.
        """
        try:
            with owned(self.folder):
                study, report = self._chain()
            if port is not None:
                self._serve(study, port)
        except KeyboardInterrupt:
            self._say("intone: interrupted; run the same command to resume")
            raise
        return report

    def _chain(self) -> tuple[Path, Path]:
        self._refuse_too_many_sentences()
        self._say(self._training_notes())
        corpus = self._do("Corpus", self._corpus)
        prepared = self._do("Preparation", lambda: self._prepare(corpus))
        runs = [
            self._do(f"Training {system}", lambda s=system: self._train(s, prepared))
            for system in SYSTEMS
        ]
        voice = self._do("Voice", lambda: self._voice(runs))
        played = self._played(voice)
        stimuli = self._do("Stimuli", lambda: self._stimuli(played, prepared))
        study = self._do("Study", lambda: self._study(stimuli, played))
        ratings = self._do("Rehearsal", lambda: self._rehearse(study))
        report = self._do("Report", lambda: self._report(ratings, study, played))
        self._say(f"\nReport:          {report}")
        self._say(f"Stimuli:         {stimuli}\nStudy file:      {study}")
        self._say(f"Voice heard:     {played}\nVoice made here: {voice}")
        self._say(f"{self._training_notes()}\n{SIMULATED}")
        return study, report

    def _do(self, title: str, work: Callable[[], Path]) -> Path:
        self._step += 1
        self._say(f"\n[bold]{self._step}. {title}[/bold]")
        started = time.monotonic()
        result = work()
        seconds, total = time.monotonic() - started, time.monotonic() - self._started
        self._say(f"   {result} ({seconds:.0f} s; {total / 60:.1f} min in all)")
        return result

    def _say(self, text: str) -> None:
        self.console.print(text)

    def _corpus(self) -> Path:
        from intone.progress import on_console
        from tts_core.corpus.demo import build_demo
        from tts_core.corpus.fetch import fetch, published
        from tts_core.corpus.heart import build_heart

        out = self.folder / "corpus"
        if self.corpus == "demo":
            with on_console() as progress:
                build_demo(out, progress)
        elif self.corpus == "heart":
            with on_console() as progress:
                build_heart(out, HEART_HOURS, progress=progress)
        elif self.corpus in published():
            with on_console() as progress:
                info = fetch(self.corpus, out, progress=progress)
            self._say(f"   {info.name}: {info.licence}, from {info.source}")
        elif Path(self.corpus).is_dir():
            out = Path(self.corpus)
        else:
            known = ", ".join(["demo", "heart", *published()])
            raise UserError(f"{self.corpus}: no such corpus; give a folder or one of {known}")
        return out

    def _prepare(self, corpus: Path) -> Path:
        from intone.progress import on_console
        from tts_core.corpus.prepare import prepare
        from tts_core.corpus.settings import Settings

        out = self.folder / "prepared"
        with on_console() as progress:
            prepare(corpus, out, Settings(seed=SEED), progress=progress)
        return out

    def _shipped(self) -> Path:
        """Return the voice in the package that the training continues."""
        from tts_core.voice import SHIPPED, shipped_voice

        return shipped_voice(PLAYED.get(self.corpus, SHIPPED[0]))

    def _played(self, voice: Path) -> Path:
        """Return the voice whose speech is rated."""
        return self._shipped() if self.corpus in PLAYED else voice

    def _sentences(self) -> Path | None:
        """Return the package's held-out sentences; None if a test split has them."""
        from tts_core.voice import SENTENCES

        # Human recordings are not in the package; the corpus that was fetched has them.
        return self._shipped() / SENTENCES if PLAYED.get(self.corpus) == "heart" else None

    def _refuse_too_many_sentences(self) -> None:
        from tts_core.corpus.sources import read_corpus

        if (folder := self._sentences()) is None:
            return
        there = len(read_corpus(folder)[1])
        if self.sentences > there:
            raise UserError(
                f"--sentences {self.sentences}: the package has {there} held-out sentences of "
                f"{self._shipped().name}; choose fewer"
            )

    def _training_notes(self) -> str:
        notes = f"{SHORT_TRAINING} {HEARD[self.corpus in PLAYED]}"
        return notes.format(shipped=self._shipped().name)

    def _train(self, system: str, prepared: Path) -> Path:
        import torch

        from tts_core.config import load_recipe
        from tts_core.corpus.dataset import PreparedCorpus
        from tts_core.training.run import train_recipe

        recipe = load_recipe(f"{system}_demo")
        changes = [
            f"stages.{number}.steps={max(2, round(stage.steps * self.share))}"
            for number, stage in recipe.stages.items()
        ]
        corpus = PreparedCorpus(prepared).info.inputs_digest
        source = self._shipped() / system
        # Another recipe, corpus or start is another run, never a mixture of both.
        key = _digest(recipe.digest(), corpus, sha256(source / "model.safetensors"), *changes)
        run = self.folder / "runs" / f"{system}-{key}"
        threads = torch.get_num_threads()
        # Layers this narrow lose more by threads waiting for each other than they gain.
        torch.set_num_threads(1)
        train_recipe(f"{system}_demo", changes, prepared, run, source=source)
        torch.set_num_threads(threads)
        return run

    def _voice(self, runs: list[Path]) -> Path:
        from tts_core.voice import FILE_NAME, pack

        out = self.folder / f"voice-{_digest(*(run.name for run in runs))}"
        if not (out / FILE_NAME).is_file():
            pack(runs, out)
        return out

    def _stimuli(self, voice: Path, prepared: Path) -> Path:
        from intone import assets
        from intone.contracts import StimulusSet
        from tts_core.commands.stimuli import StimulusOptions, make_stimuli
        from tts_core.voice import own_refiner

        # Without the vocoder's weights another vocoder speaks: that is another set.
        vocoder = str(assets.available("hifigan-universal"))
        weights = sha256(voice / "voice.json")
        out = self.folder / f"stimuli-{_digest(weights, str(self.sentences), vocoder)}"
        try:
            StimulusSet.read(out)
        except UserError:
            if (out / "stimuli.json").is_file():
                shutil.rmtree(out)
            # No sentence that the voice learnt from may be rated. A split depends on names and
            # texts alone: that of a fetched corpus is that of the package's voice.
            held_out = self._sentences()
            options = StimulusOptions(
                out,
                list(SYSTEMS),
                split=None if held_out else "test",
                data=None if held_out else prepared,
                corpus=held_out,
                sentences=self.sentences,
                voice=voice,
                seed=SEED,
                # A voice made here has no refiner of its own; training one takes too long.
                refiner=own_refiner(self._shipped()),
            )
            make_stimuli(options)
        return out

    def _study(self, stimuli: Path, voice: Path) -> Path:
        from mushra_app.design.new import new_study
        from tts_core.voice import read_voice

        title = "How natural does this speech sound?"
        if read_voice(voice).stand_in:
            title += " (A demo: its recordings are a stand-in voice, not a person.)"
        out = self.folder / stimuli.name.replace("stimuli", "study") / "study.yaml"
        return out if out.is_file() else new_study(stimuli, out, title=title)

    def _rehearse(self, study: Path) -> Path:
        from mushra_app.rehearsal.run import rehearse

        return rehearse(study, self.listeners, seed=SEED)

    def _report(self, ratings: Path, study: Path, voice: Path) -> Path:
        from analysis.report.write import write_report
        from intone.contracts import ReportOptions
        from tts_core.voice import read_voice

        notes = [self._training_notes(), SIMULATED]
        if read_voice(voice).stand_in:
            notes.append(STAND_IN)
            self._say(STAND_IN)

        options = ReportOptions(
            baseline="ntts", planted=study.with_suffix(".rehearsal.json"), note=tuple(notes)
        )
        return write_report(ratings, self.folder / "report", options)

    def _serve(self, study: Path, port: int) -> None:
        from mushra_app.web.app import serve

        address = f"http://127.0.0.1:{port}/"
        serve(
            study,
            "127.0.0.1",
            port,
            ready=lambda: self._say(f"\nListening page:  {address}  (Ctrl-C stops it)"),
        )


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]
