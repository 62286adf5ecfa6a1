"""Commands of the analysis room: `intone report`, `intone power` and `intone ratings`."""

from pathlib import Path
from typing import Annotated

import typer

from analysis.importers_cli import ratings_app
from intone.contracts import Contrasts, Repeats, ReportOptions, ScreeningRule

app = typer.Typer()
app.add_typer(ratings_app, name="ratings")

_RUNNING = (
    "Written while the study runs: every look at p values before the planned end raises "
    "the chance of finding what is not there."
)


@app.command()
def report(
    ratings: Annotated[
        str,
        typer.Argument(
            help="The ratings: a CSV with the columns listener, utterance, system, score; a "
            "Parquet file; a study's .sqlite file; a database URL; or a result file of another "
            "tool (webMUSHRA, pymushra, beaqleJS, Netflix's player). Or preferences: the same with "
            "the columns listener, utterance, system_a, system_b, choice (a, b or none)."
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
        Contrasts | None,
        typer.Option(
            help="Which differences to test and correct for as one family: every system against "
            "the baseline (the default with a baseline), or all pairs."
        ),
    ] = None,
    screening: Annotated[
        ScreeningRule | None,
        typer.Option(
            help="Rule that leaves unreliable listeners out; the report always shows both ways. "
            "Default: bs1534-3 for MUSHRA pages on a scale from 0 to 100, but none if listeners "
            "were told of no reference or no listener would be left."
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
    page_type: Annotated[
        str | None,
        typer.Option(help="Which kind of page (mushra, acr, ab ...), if the study has several."),
    ] = None,
    repeats: Annotated[
        Repeats,
        typer.Option(help="Of pages rated more than once, use the first rating or the mean."),
    ] = "first",
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            help="Listener to leave out besides the rule, named in the report; may be repeated."
        ),
    ] = None,
    alpha: Annotated[
        float,
        typer.Option(
            help="Two-sided level of the tests, between 0 and 0.5; intervals cover the rest of "
            "100 % (95 % at 0.05)."
        ),
    ] = 0.05,
    margin: Annotated[
        float | None,
        typer.Option(help="Largest difference that does not matter, points: tests equivalence."),
    ] = None,
    planned_listeners: Annotated[
        int | None,
        typer.Option(help="Listeners planned, to correct for looks while the study ran.", min=1),
    ] = None,
    stimuli: Annotated[
        Path | None,
        typer.Option(
            help="Stimulus set that was rated (the folder with stimuli.json): the five worst texts "
            "of the first comparison can then be heard in report.html, which grows by their "
            "audio and a third (about 2.5 MB for FLAC, 5 MB for WAV)."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of resampling.", min=0)] = 0,
    watch: Annotated[
        bool, typer.Option("--watch", help="Write the report again whenever ratings come in.")
    ] = False,
    every: Annotated[
        int, typer.Option(help="With --watch: seconds between two looks at the ratings.", min=1)
    ] = 30,
) -> None:
    """Screen listeners, test the systems, measure the gap, and write a report.

    Preferences (choices between two versions) get a report of their own: shares of every pair, all
    systems on one scale, sides.
    """
    from functools import partial

    from analysis.report.write import write_report

    notes = tuple(note or ()) + ((_RUNNING,) if watch else ())
    options = ReportOptions(
        baseline=baseline,
        reference=reference,
        anchor_low=anchor_low,
        anchor_mid=anchor_mid,
        contrasts=contrasts,
        screening=screening,
        study=study,
        question=question,
        page_type=page_type,
        repeats=repeats,
        alpha=alpha,
        margin=margin,
        planned_listeners=planned_listeners,
        seed=seed,
        planted=planted,
        title=title,
        stimuli=stimuli,
        scale=scale,
        note=notes,
        exclude=tuple(exclude or ()),
    )
    make = partial(write_report, ratings, out, options, every if watch else None)
    if watch:
        from analysis.report.watch import watch as keep_watching

        typer.echo("Watching; stop with Ctrl-C.")
        try:
            keep_watching(ratings, make, typer.echo, every)
        except KeyboardInterrupt:
            typer.echo("Stopped.")
        return
    _tell(make(), out)


def _tell(page: Path, out: Path) -> None:
    """Print the report's main sentences and its path."""
    import json

    from analysis.report.write import JSON
    from analysis.wording import counted

    report = json.loads((out / JSON).read_text(encoding="utf-8"))
    for sentence in [*report["headline"], *report["notes"]]:
        typer.echo(sentence)
    excluded = len(report["screening"]["excluded"])
    if excluded:
        typer.echo(
            f"Screening ({report['screening']['rule']}) left out {counted(excluded, 'listener')}."
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
    difference: Annotated[
        float | None,
        typer.Option(help="True difference to be found, points: adds power and listeners needed."),
    ] = None,
    gap: Annotated[
        float | None,
        typer.Option(help="Instead of --difference: per cent of the gap to recordings to be seen."),
    ] = None,
    distance: Annotated[
        float | None,
        typer.Option(
            help="With --gap: points from baseline to recordings; by default those of --like."
        ),
    ] = None,
    comparisons: Annotated[
        int, typer.Option(help="Comparisons in the family (the level is divided by them).", min=1)
    ] = 1,
    curve: Annotated[
        Path | None, typer.Option(help="Draw the curves to this .svg or .pdf file.")
    ] = None,
) -> None:
    """Show how small a difference a listening test could detect."""
    from analysis.models.power import Scatter
    from analysis.report.power_table import Question, power_curves, power_table

    called = "" if difference is None else f"{difference:g} points"
    if gap is not None:
        difference = _gap_in_points(gap, distance, like, difference)
        called = f"{gap:g} % of the gap"
    asked = Question(
        tuple(listeners or (20, 60, 200)),
        tuple(utterances or (20, 100)),
        pages,
        Scatter() if like is None else Scatter.of_report(like),
        alpha,
        chance,
        comparisons,
        difference,
        called,
    )
    power_table(asked)
    if curve is not None:
        power_curves(curve, asked)
        typer.echo(f"Curves: {curve}")


def _gap_in_points(
    gap: float, distance: float | None, like: Path | None, difference: float | None
) -> float:
    from analysis.models.power import distance_of_report
    from intone.errors import UserError

    if difference is not None:
        raise UserError("--gap and --difference say the same thing twice; give one of them")
    if distance is None and like is None:
        raise UserError(
            f"--gap {gap:g}: per cent of how many points? Give --distance (from baseline to "
            "recordings), or an earlier study with --like"
        )
    if distance is None:
        assert like is not None
        distance = distance_of_report(like)
    return gap / 100 * distance
