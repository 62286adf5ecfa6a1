"""Options of `intone report`, shared by report and registered plan."""

import shlex
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from intone.errors import UserError

Contrasts = Literal["vs-baseline", "all"]
ScreeningRule = Literal["bs1534-3", "mpeg", "none"]
Repeats = Literal["first", "mean"]


@dataclass(frozen=True)
class ReportOptions:
    """Options of `intone report` with their defaults.

    The field `planned_listeners` is the option `--planned-listeners`, and so on; a tuple of strings
    is an option that may be repeated.

    Attributes:
        baseline: system that the others are compared with.
        reference: system that is the natural recording.
        anchor_low: system that is the low anchor.
        anchor_mid: system that is the mid anchor.
        contrasts: family of comparisons; none: `vs-baseline` if there is a baseline, else `all`.
        screening: rule that leaves listeners out; none: the default for the page type.
        study: name of the study, if the ratings hold several.
        question: question, if listeners were asked several.
        page_type: kind of page, if the study has several.
        repeats: use the first rating of a repeated page, or the mean of all.
        alpha: two-sided level of all tests of a family; intervals cover 1 - alpha.
        margin: largest difference that does not matter, points; asks for tests of equivalence.
        planned_listeners: planned number, for the correction for looks; none: those who took part.
        seed: seed of all resampling.
        planted: JSON of a rehearsal's true values, printed beside the estimates.
        title: title of the page.
        stimuli: stimulus set that was rated; the worst texts can then be heard in the page.
        scale: lowest and highest possible score, if the ratings do not name them.
        note: sentences to print under the headline.
        exclude: listeners to leave out by name.

    Raises:
        UserError: alpha is not between 0 and 0.5.
    """

    baseline: str | None = None
    reference: str | None = None
    anchor_low: str | None = None
    anchor_mid: str | None = None
    contrasts: Contrasts | None = None
    screening: ScreeningRule | None = None
    study: str | None = None
    question: str | None = None
    page_type: str | None = None
    repeats: Repeats = "first"
    alpha: float = 0.05
    margin: float | None = None
    planned_listeners: int | None = None
    seed: int = 0
    planted: Path | None = None
    title: str | None = None
    stimuli: Path | None = None
    scale: tuple[float, float] | None = None
    note: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the level."""
        if not 0 < self.alpha < 0.5:
            raise UserError(
                f"--alpha {self.alpha:g}: not between 0 and 0.5; give a level like 0.05"
            )

    def given(self) -> dict[str, Any]:
        """Return the values that differ from their defaults, by option (`--seed`)."""
        return {
            f"--{field.name.replace('_', '-')}": getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) != field.default
        }

    def command(self, ratings: str | Path) -> str:
        """Return the command line of this report, quoted for a shell.

        A password in a database URL is left out.
        """
        parts = ["intone", "report", _without_password(str(ratings))]
        for option, value in self.given().items():
            if isinstance(value, tuple) and isinstance(value[0], str):
                parts += [part for text in value for part in (option, text)]
            else:
                values = value if isinstance(value, tuple) else (value,)
                parts += [option, *map(_argument, values)]
        return shlex.join([*parts, "-o", "report"])


def _argument(value: object) -> str:
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return str(value)


def _without_password(source: str) -> str:
    if "://" not in source:
        return source
    # Late: only results in a database need SQLAlchemy.
    from sqlalchemy import make_url

    return make_url(source).render_as_string(hide_password=True)
