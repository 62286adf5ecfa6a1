"""Corpus report as lines of text or as one HTML page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from intone.errors import UserError
from intone.files import write_whole
from tts_core.corpus.info import CorpusInfo

QUANTILES = (0.0, 0.05, 0.5, 0.95, 1.0)


@dataclass(frozen=True)
class Figure:
    """SVG drawing.

    caption: also read by screen readers. wide: scrolls on a phone.
    """

    svg: str
    caption: str
    wide: bool = False


@dataclass(frozen=True)
class Table:
    """Table of text.

    The first `text_columns` columns are words, the rest numbers.
    """

    caption: str
    head: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    text_columns: int = 1


@dataclass(frozen=True)
class Section:
    """Heading of the page with its content, in this order."""

    anchor: str
    title: str
    paragraphs: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()


@dataclass
class Report:
    """Facts and sections about a corpus.

    Attributes:
        info: of the corpus.
        folder: that was described.
        facts: (label, value), most important first.
        remarks: sentences to read first.
        sections: of the page.
    """

    info: CorpusInfo
    folder: Path
    facts: list[tuple[str, str]]
    remarks: list[str] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)

    def as_text(self) -> str:
        """Return the facts and remarks as lines of text."""
        about = self.info
        lines = [f"{about.name}: {about.speaker}, {about.language}, {about.licence}"]
        lines += [f"note: {about.note}"] if about.note else []
        lines += [f"source: {about.source}"]
        lines += [f"{label}: {value}" for label, value in self.facts]
        return "\n".join(lines + self.remarks)

    def write(self, path: Path) -> Path:
        """Write the page: one file that needs nothing else.

        Raises:
            UserError: it cannot be written there.
        """
        from jinja2 import Environment, PackageLoader, StrictUndefined

        environment = Environment(
            loader=PackageLoader("tts_core.corpus.report"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        page = environment.get_template("report.html").render(r=self)
        try:
            return write_whole(path, page)
        except OSError as error:
            raise UserError(
                f"{path}: the report cannot be written there ({error.strerror}); "
                "choose another file with -o"
            ) from error


def spread(values: Sequence[float] | np.ndarray, digits: int = 1) -> tuple[str, ...]:
    """Least, 5th, 50th and 95th percentile and largest value, as text."""
    return tuple(f"{value:.{digits}f}" for value in np.quantile(values, QUANTILES))


SPREAD_HEAD = ("least", "5\u00a0%", "median", "95\u00a0%", "most")


def percent(share: float) -> str:
    """Format a share, 0 to 1, as a percentage with one decimal."""
    return f"{100 * share:.1f} %"
