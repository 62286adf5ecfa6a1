"""The statistics of the analysis side, as the pages that watch a running study take them."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from intone.errors import UserError
from intone.precision import assuming

if TYPE_CHECKING:
    from analysis.ratings import Ratings
    from mushra_app.admin.handed import Rows, Screened, Statistics, SystemMean


def statistics() -> "Statistics":
    """What a running study is told; each part gives None where the statistics are not installed."""
    from mushra_app.admin.handed import Statistics

    return Statistics(screened, means, assuming())


def screened(rows: "Rows") -> "list[Screened] | None":
    """What the default screening rule says of each question's ratings so far."""
    from mushra_app.admin.handed import Screened

    try:
        from analysis.screening import screen
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
    from mushra_app.admin.handed import SystemMean

    try:
        from analysis.describe import describe
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

    from analysis.ratings import read_ratings

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ratings.parquet"
        pd.DataFrame(list(rows)).to_parquet(path)
        return read_ratings(path, question=question)
