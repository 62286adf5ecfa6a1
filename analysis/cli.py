"""Commands of the analysis room: `intone report`, `intone power` and `intone ratings`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from analysis.importers.cli import ratings_app

app = typer.Typer()
app.add_typer(ratings_app, name="ratings")


class ContrastChoice(StrEnum):
    """Families of comparisons."""

    VS_BASELINE = "vs-baseline"
    ALL = "all"


class ScreeningChoice(StrEnum):
    """Post-screening rules."""

    BS1534_3 = "bs1534-3"
    MPEG = "mpeg"
    NONE = "none"


class RepeatChoice(StrEnum):
    """What to do with pages that a listener rated more than once."""

    FIRST = "first"
    MEAN = "mean"


@app.command()
def report(
    ratings: Annotated[
        str,
        typer.Argument(
            help="The ratings: a CSV with the columns listener, utterance, system, score; a "
            "Parquet file; a study's .sqlite file; a database URL; or a result file of another "
            "tool (webMUSHRA, pymushra, beaqleJS, Netflix's player)."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="Folder for report.html, report.json, tables and figures."
        ),
    ],
    baseline: Annotated[
        str | None,
        typer.Option(help="System that the others are compared with (0 % of the gap)."),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(help="System that is the natural recording (100 % of the gap)."),
    ] = None,
    anchor_low: Annotated[
        str | None, typer.Option(help="System that is the low anchor (deliberately poor).")
    ] = None,
    anchor_mid: Annotated[
        str | None, typer.Option(help="System that is the mid anchor (deliberately fair).")
    ] = None,
    contrasts: Annotated[
        ContrastChoice | None,
        typer.Option(
            help="Which differences to test and correct for as one family: every system against "
            "the baseline (the default with a baseline), or all pairs."
        ),
    ] = None,
    screening: Annotated[
        ScreeningChoice | None,
        typer.Option(
            help="Rule that leaves unreliable listeners out; the report always shows both ways. "
            "Default: bs1534-3 for MUSHRA pages on a scale from 0 to 100, but none if listeners "
            "were told of no reference or nobody would be left."
        ),
    ] = None,
    planted: Annotated[
        Path | None,
        typer.Option(help="JSON of a rehearsal's true values, to print beside the estimates."),
    ] = None,
    note: Annotated[
        list[str] | None,
        typer.Option(help="A sentence to print under the headline; may be given several times."),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title of the report.")] = None,
    study: Annotated[
        str | None, typer.Option(help="Which study, if the ratings hold several.")
    ] = None,
    question: Annotated[
        str | None, typer.Option(help="Which question, if listeners were asked several.")
    ] = None,
    scale: Annotated[
        tuple[float, float] | None,
        typer.Option(help="Lowest and highest possible score, e.g. 1 5. Default: 0 100."),
    ] = None,
    repeats: Annotated[
        RepeatChoice,
        typer.Option(help="Of pages rated more than once, use the first rating or the mean."),
    ] = RepeatChoice.FIRST,
) -> None:
    """Screen listeners, test the systems, measure the gap, and write a report."""
    import json

    from analysis.report import JSON, write_report
    from analysis.words import counted

    page = write_report(
        ratings,
        out,
        baseline=baseline,
        reference=reference,
        anchor_low=anchor_low,
        anchor_mid=anchor_mid,
        contrasts=None if contrasts is None else contrasts.value,
        screening=None if screening is None else screening.value,
        planted=planted,
        notes=note or (),
        title=title,
        study=study,
        question=question,
        scale=scale,
        repeats=repeats.value,
    )
    found = json.loads((out / JSON).read_text(encoding="utf-8"))
    for sentence in [*found["headline"], *found["notes"]]:
        typer.echo(sentence)
    excluded = len(found["screening"]["excluded"])
    if excluded:
        typer.echo(
            f"Screening ({found['screening']['rule']}) left out {counted(excluded, 'listener')}."
        )
    typer.echo(f"Report: {page}")


@app.command()
def power(
    listeners: Annotated[
        list[int] | None,
        typer.Option(help="Number of listeners; several give one row each. Default: 20, 60, 200."),
    ] = None,
    utterances: Annotated[
        list[int] | None,
        typer.Option(help="Number of texts in the study; several allowed. Default: 20, 100."),
    ] = None,
    pages: Annotated[
        int,
        typer.Option(help="Texts that each listener hears, rotated if there are more.", min=1),
    ] = 20,
    like: Annotated[
        Path | None,
        typer.Option(help="report.json of an earlier study, whose scatter is assumed."),
    ] = None,
    alpha: Annotated[float, typer.Option(help="Level of the two-sided test.")] = 0.05,
    chance: Annotated[
        float, typer.Option(help="Wanted probability of finding the difference.")
    ] = 0.80,
) -> None:
    """Show how small a difference between two systems a listening test could find."""
    from rich.console import Console
    from rich.table import Table

    from analysis.power import Scatter, precision

    scatter = Scatter() if like is None else Scatter.of_report(like)
    label = "" if scatter.label is None else f"{scatter.label}: "
    table = Table(
        title=f"{label}Difference of two systems, points (found with {chance:.0%} at {alpha:g})",
        caption=f"Assumed SDs: listener × system {scatter.listener:.1f}, text × system "
        f"{scatter.utterance:.1f}, noise {scatter.noise:.1f}. The naive SE ignores the first two.",
    )
    for column in ("Listeners", "Texts", "Pages each", "SE", "Detectable", "Naive SE"):
        table.add_column(column, justify="right")
    for n_utterances in utterances or [20, 100]:
        for n_listeners in listeners or [20, 60, 200]:
            found = precision(
                n_listeners, n_utterances, min(pages, n_utterances), scatter, alpha, chance
            )
            numbers = (found.se, found.detectable, found.naive_se)
            table.add_row(
                str(n_listeners), str(n_utterances), str(found.pages_per_listener),
                *(f"{value:.2f}" for value in numbers),
            )  # fmt: skip
    Console().print(table)
