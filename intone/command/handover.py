"""Handover from one room to another: precision, recogniser, statistics of a running study."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from intone.errors import UserError

if TYPE_CHECKING:
    from analysis.data.ratings import Ratings
    from mushra_app.admin.statistics_port import Rows, Screened, Statistics, SystemMean
    from mushra_app.design.precision import Design, Expected, PrecisionOf
    from mushra_app.sounds.recognised import Recogniser


def assuming(like: Path | None = None) -> "PrecisionOf":
    """Precision with a pilot's scatter (its `report.json`), or that which `intone power` assumes.

    The result raises UserError for a design that does not exist or if there is no such report, and
    gives None where the statistics are not installed.
    """

    def precision(design: "Design") -> "Expected | None":
        try:
            from analysis.models import power
        except ModuleNotFoundError:
            return None
        from mushra_app.design.precision import Expected

        scatter = power.Scatter() if like is None else power.Scatter.of_report(like)
        found = power.precision(design.listeners, design.texts, design.pages, scatter)
        sds = (
            f"SDs of listener x system {scatter.listener:.1f}, text x system "
            f"{scatter.utterance:.1f}, noise {scatter.noise:.1f} points"
        )
        if like is None:
            known = "typical of published data; assumptions until a pilot has measured yours"
        else:
            known = f"found by {like}" + (f" ({scatter.label})" if scatter.label else "")
        return Expected(found.se, found.detectable, f"{sds}, {known}")

    return precision


def find_recogniser(language: str) -> "Recogniser | None":
    """A recogniser for texts in a language (BCP 47).

    Returns:
        None where its weights or its package are not installed, or words of that language cannot
        be normalised.
    """
    from importlib.util import find_spec

    from intone import assets

    if language.lower().split("-")[0] != "en" or find_spec("faster_whisper") is None:
        return None
    try:
        from tts_core.audio.io import read_audio
        from tts_core.measures import wer
    except ImportError:
        return None
    if not assets.available(wer.ASSET):
        return None
    from mushra_app.sounds.recognised import Recogniser

    recogniser = wer.Recogniser("en")

    def transcribe(path: Path) -> str:
        return recogniser(read_audio(path, wer.RATE_HZ))

    return Recogniser(wer.Recogniser.name, transcribe, wer.spoken_words)


def statistics() -> "Statistics":
    """What a running study is told; each part gives None where the statistics are not installed."""
    from mushra_app.admin.statistics_port import Statistics

    return Statistics(screened, means, assuming())


def screened(rows: "Rows") -> "list[Screened] | None":
    """What the default screening rule says of each question's ratings so far."""
    from mushra_app.admin.statistics_port import Screened

    try:
        from analysis.questions.screening import screen
    except ModuleNotFoundError:
        return None
    found = []
    for question in _questions(rows):
        try:
            done = screen(_read(rows, question))
        except UserError as error:
            found.append(Screened(question, "none", {}, (f"Not yet: {error}.",)))
            continue
        flags = {one.listener: one.reasons for one in done.excluded}
        found.append(Screened(question, done.rule, flags, done.notes))
    return found


def means(rows: "Rows") -> "list[SystemMean] | None":
    """Mean and interval of every system in each question; a question too small has none."""
    from mushra_app.admin.statistics_port import SystemMean

    try:
        from analysis.questions.describe import describe
    except ModuleNotFoundError:
        return None
    found = []
    for question in _questions(rows):
        try:
            read = _read(rows, question)
        except UserError:
            continue
        found += [
            SystemMean(question, s.system, s.role, s.n, s.mean, s.ci[0], s.ci[1])
            for s in describe(read)
        ]
    return found


def _questions(rows: "Rows") -> list[str]:
    return sorted({row["question"] for row in rows if row["phase"] in ("test", "repeat")})


def _read(rows: "Rows", question: str) -> "Ratings":
    """The rows of one question, read and checked as a report would."""
    import pandas as pd

    from analysis.data.ratings import read_ratings

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ratings.parquet"
        pd.DataFrame(list(rows)).to_parquet(path)
        return read_ratings(path, question=question)
