"""Commands of the listening test: study, serve, rehearse."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from mushra_app.admin_cli import register as register_admin
from mushra_app.cli_arguments import NewStudyFile, StudyFile
from mushra_app.interchange_cli import register
from mushra_app.study.languages import Language

app = typer.Typer(no_args_is_help=True)
study_app = typer.Typer(
    no_args_is_help=True, help="Make, check and read out a listening test (a study)."
)
app.add_typer(study_app, name="study")


@study_app.command("new")
def new(
    stimuli: Annotated[Path, typer.Argument(help="Folder of the stimulus set to rate.")],
    out: NewStudyFile = Path("study.yaml"),
    title: Annotated[
        str | None, typer.Option(help="Title at the top of the listeners' page.")
    ] = None,
    language: Annotated[
        Language, typer.Option(help="Language of everything that listeners read.")
    ] = "en",
    pages_per_listener: Annotated[
        int | None,
        typer.Option(help="Sentences per listener; by default all, at most 20.", min=1),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all random orders.", min=0)] = 1,
    contact: Annotated[
        str | None,
        typer.Option(help="Contact for listeners, e.g. an e-mail address; by default the sender."),
    ] = None,
    anchors: Annotated[
        bool,
        typer.Option(help="Add muffled copies of the reference as low and middle quality."),
    ] = True,
    keep_position: Annotated[
        bool,
        typer.Option(
            help="Continue at the same time when the version changes, instead of restarting."
        ),
    ] = False,
    database: Annotated[
        str | None,
        typer.Option(help="Database address (SQLAlchemy URL); by default a file beside OUT."),
    ] = None,
) -> None:
    """Make a listening test from a stimulus set.

    The result is a commented study file that you can edit.
    """
    from intone.progress import on_console
    from mushra_app.design.new import new_study

    with on_console(transient=True) as progress:
        new_study(
            stimuli,
            out,
            title=title,
            language=language,
            pages_per_listener=pages_per_listener,
            seed=seed,
            contact=contact,
            anchors=anchors,
            on_switch="keep_position" if keep_position else "restart",
            database=database,
            progress=partial(progress, "Sounds"),
        )
    typer.echo(f"{out}: written. Next: `intone study check {out}`, then `intone serve {out}`.")


@study_app.command("check")
def check(
    context: typer.Context,
    study: StudyFile,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON instead of tables.")
    ] = False,
    texts: Annotated[
        bool, typer.Option(help="Compare texts with a speech recogniser, if one is installed.")
    ] = True,
) -> None:
    """Check a study's sounds, its anchors, and BS.1534-3.

    The report is written beside the study's sounds, as check.json and check.md.
    """
    from rich.console import Console

    from intone.errors import UserError
    from intone.progress import on_console
    from mushra_app.compliance.check import check_study, show

    # The recogniser belongs to another package; `intone.command` passes it in the context.
    find = (context.obj or {}).get("recogniser") if texts else None
    with on_console(transient=True) as progress:
        report = check_study(study, find, progress)
    if as_json:
        typer.echo(report.model_dump_json(indent=1))
    else:
        show(report, Console())
    errors = len(report.sounds.errors)
    if errors:
        raise UserError(
            f"{study}: {errors} error{'s' if errors > 1 else ''} in its sounds, listed above and "
            "in check.md; correct them and check again"
        )
    if not as_json:
        warnings = " with the warnings above" if report.sounds.findings else ""
        typer.echo(f"Ready{warnings}. Next: `intone serve {study}`.")


@study_app.command("plan")
def plan(
    context: typer.Context,
    study: StudyFile,
    listeners: Annotated[int, typer.Option(help="Listeners who finish.", min=1)],
    dropout: Annotated[
        float, typer.Option(help="Share of listeners who leave at a random page, 0 to 0.9.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Seed that decides who leaves.", min=0)] = 1,
    like: Annotated[
        Path | None, typer.Option(help="report.json of a pilot study, whose variance is assumed.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the plan as JSON instead of tables.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Write a picture of the coverage to this file, .svg.")
    ] = None,
) -> None:
    """Simulate a study before launch: coverage, balance, and detectable differences."""
    from mushra_app.design.plan_view import run
    from mushra_app.design.precision import no_precision

    assuming = (context.obj or {}).get("precision")
    precision = assuming(like) if assuming else no_precision
    run(study, listeners, dropout, seed, precision, as_json, plot)


@study_app.command("invite")
def invite(
    study: StudyFile,
    count: Annotated[int, typer.Option("-n", "--count", help="How many links.", min=1)],
    base_url: Annotated[
        str, typer.Option(help="Web address at which listeners reach the study.")
    ] = "http://127.0.0.1:7860/",
) -> None:
    """Print invitation links as CSV.

    Each link opens one sitting and resumes it later. Keep the output: the links cannot be printed
    again.
    """
    from mushra_app.sitting.invitations import invite as run

    typer.echo("link")
    for link in run(study, count, base_url):
        typer.echo(link)


register(study_app)
register_admin(study_app)


@study_app.command("audit")
def audit(
    study: StudyFile,
    as_json: Annotated[bool, typer.Option("--json", help="Print the checks as JSON.")] = False,
) -> None:
    """Take the test in Chromium and check that nothing identifies a version."""
    import json

    from intone.errors import UserError
    from intone.progress import on_console
    from mushra_app.audit.checks import audit as run

    with on_console(transient=True) as progress:
        checks = run(study, partial(progress, "Pages"))
    if as_json:
        results = [{"name": c.name, "passed": c.passed, "against": c.against} for c in checks]
        typer.echo(json.dumps(results, indent=1))
    for check in () if as_json else checks:
        typer.echo(f"{'yes' if check.passed else 'NO '}  {check.name}")
        for reason in check.against[:5]:
            typer.echo(f"       {reason}")
    failed = [check for check in checks if not check.passed]
    if failed:
        raise UserError(
            f"{study}: not blind: {len(failed)} of {len(checks)} checks failed, see above"
        )


@app.command()
def serve(
    context: typer.Context,
    study: StudyFile,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 allows other machines to connect.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 7860,
) -> None:
    """Serve a listening test to listeners and researchers (Ctrl-C stops it)."""
    from intone.progress import on_console
    from mushra_app.web.app import serve as run

    address = f"[{host}]" if ":" in host else host
    with ExitStack() as stack:
        progress = stack.enter_context(on_console(transient=True))

        def ready() -> None:
            stack.close()
            typer.echo(f"Listening test: http://{address}:{port}/  (Ctrl-C stops it)")
            typer.echo(f"For researchers: http://{address}:{port}/admin")

        def setup(path: str) -> None:
            typer.echo(f"Create your account there, once: http://{address}:{port}/{path}")

        make_statistics = (context.obj or {}).get("statistics")
        statistics = make_statistics() if make_statistics else None
        run(study, host, port, partial(progress, "Sounds"), ready, statistics, setup)


@app.command()
def rehearse(
    study: StudyFile,
    listeners: Annotated[
        int, typer.Option(help="Simulated listeners in all, those of earlier runs included.", min=1)
    ] = 24,
    seed: Annotated[int, typer.Option(help="Seed of all their ratings.", min=0)] = 1,
    cast: Annotated[
        str | None,
        typer.Option(
            help="Listeners by kind instead, e.g. honest=20,lazy=2,random=2,one_sided=1,"
            "reference_matching=4, to test your screening."
        ),
    ] = None,
) -> None:
    """Let simulated listeners take the test, to see that everything works.

    Their ratings are marked `simulated` permanently and go to a separate database.
    """
    from mushra_app.rehearsal.kinds import cast_of
    from mushra_app.rehearsal.run import rehearse as run

    path = run(study, listeners, seed=seed, cast=cast_of(cast) if cast else None)
    typer.echo(f"{path}: simulated ratings. Next: `intone report {path}`.")
