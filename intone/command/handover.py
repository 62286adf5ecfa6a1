"""Functions that connect the rooms: precision, recogniser, statistics of a running study."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from intone.errors import UserError

if TYPE_CHECKING:
    from analysis.data.ratings import Ratings
    from mushra_app.admin.statistics_port import Rows, Screened, Statistics, SystemMean
    from mushra_app.design.precision import Design, Expected, PrecisionOf
    from mushra_app.sounds.recognised import Recogniser


def precision_of(like: Path | None = None) -> "PrecisionOf":
    """Return a function that predicts the precision of a design.

    Args:
        like: `report.json` of a pilot; without it the scatter that `intone power` assumes.

    Returns:
        A function that raises UserError for an impossible design or a missing report, and returns
        None where the statistics are not installed.
    """

    def precision(design: "Design") -> "Expected | None":
        try:
            from analysis.models import power
        except ModuleNotFoundError:
            return None
        from mushra_app.design.precision import Expected

        scatter = power.Scatter() if like is None else power.Scatter.of_report(like)
        expected = power.precision(design.listeners, design.texts, design.pages, scatter)
        sds = (
            f"SDs of listener x system {scatter.listener:.1f}, text x system "
            f"{scatter.utterance:.1f}, noise {scatter.noise:.1f} points"
        )
        if like is None:
            known = "typical of published data; assumptions until a pilot has measured yours"
        else:
            known = f"from {like}" + (f" ({scatter.label})" if scatter.label else "")
        return Expected(expected.se, expected.detectable, f"{sds}, {known}")

    return precision


def find_recogniser(language: str) -> "Recogniser | None":
    """Return a recogniser for texts in a language (BCP 47).

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
    """Return the statistics of a running study.

    Each part returns None where the statistics are not installed.
    """
    from mushra_app.admin.statistics_port import Statistics

    return Statistics(screened, means, precision_of())


def screened(rows: "Rows") -> "list[Screened] | None":
    """Screen each question's ratings so far with the default rule."""
    from mushra_app.admin.statistics_port import Screened

    try:
        from analysis.questions.screening import screen
    except ModuleNotFoundError:
        return None
    results = []
    for question in _questions(rows):
        try:
            done = screen(_read(rows, question))
        except UserError as error:
            results.append(Screened(question, "none", {}, (f"Not yet: {error}.",)))
            continue
        flags = {exclusion.listener: exclusion.reasons for exclusion in done.excluded}
        results.append(Screened(question, done.rule, flags, done.notes))
    return results


def means(rows: "Rows") -> "list[SystemMean] | None":
    """Return mean and interval of every system in each question.

    A question with too few ratings has none.
    """
    from mushra_app.admin.statistics_port import SystemMean

    try:
        from analysis.questions.describe import describe
    except ModuleNotFoundError:
        return None
    system_means = []
    for question in _questions(rows):
        try:
            read = _read(rows, question)
        except UserError:
            continue
        system_means += [
            SystemMean(question, s.system, s.role, s.n, s.mean, s.ci[0], s.ci[1])
            for s in describe(read)
        ]
    return system_means


def _questions(rows: "Rows") -> list[str]:
    return sorted({row["question"] for row in rows if row["phase"] in ("test", "repeat")})


def _read(rows: "Rows", question: str) -> "Ratings":
    """Read the rows of one question with the checks of a report."""
    import pandas as pd

    from analysis.data.ratings import read_ratings

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ratings.parquet"
        pd.DataFrame(list(rows)).to_parquet(path)
        return read_ratings(path, question=question)
