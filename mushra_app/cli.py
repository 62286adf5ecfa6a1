"""Commands of the listening test: study, serve, rehearse."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from mushra_app.admin_cli import register as register_admin
from mushra_app.interchange_cli import register
from mushra_app.study.languages import Language

app = typer.Typer(no_args_is_help=True)
study_app = typer.Typer(
    no_args_is_help=True, help="Make, check and read out a listening test (a study)."
)
app.add_typer(study_app, name="study")

StudyFile = Annotated[Path, typer.Argument(help="The study file, e.g. study.yaml.")]


@study_app.command("new")
def new(
    stimuli: Annotated[Path, typer.Argument(help="Folder of the stimulus set to be rated.")],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Study file to write; it must not exist yet.")
    ] = Path("study.yaml"),
    title: Annotated[
        str | None, typer.Option(help="What listeners read at the top of the page.")
    ] = None,
    language: Annotated[
        Language, typer.Option(help="Language of everything that listeners read.")
    ] = "en",
    pages_per_listener: Annotated[
        int | None,
        typer.Option(help="Sentences one listener rates; by default all, at most 20.", min=1),
    ] = None,
    seed: Annotated[int, typer.Option(help="Number that decides all random orders.", min=0)] = 1,
    contact: Annotated[
        str | None,
        typer.Option(help="Whom listeners can ask, e.g. an e-mail address; by default the sender."),
    ] = None,
    anchors: Annotated[
        bool,
        typer.Option(help="Add muffled copies of the reference as low and middle quality."),
    ] = True,
    keep_position: Annotated[
        bool,
        typer.Option(help="On a switch, go on at the same time instead of from the beginning."),
    ] = False,
    database: Annotated[
        str | None,
        typer.Option(help="Database address (SQLAlchemy URL); by default a file beside OUT."),
    ] = None,
) -> None:
    """Make a listening test of a stimulus set: a commented file that you can edit."""
    from mushra_app.design.new import new_study

    with _preparing() as progress:
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
            progress=progress,
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
        bool, typer.Option(help="Let a recogniser compare texts, where one is installed.")
    ] = True,
) -> None:
    """Check a study before anybody hears it: its sounds, its anchors, and BS.1534-3.

    The report stands beside the study's sounds, as check.json and check.md.
    """
    from rich.console import Console

    from intone.errors import UserError
    from mushra_app.compliance.check import check_study, show

    # The recogniser belongs to another room; whoever puts the rooms together hands it over.
    find = (context.obj or {}).get("recogniser") if texts else None
    with _stages() as progress:
        report = check_study(study, find, progress)
    if as_json:
        typer.echo(report.model_dump_json(indent=1))
    else:
        show(report, Console())
    errors = len(report.sounds.errors)
    if errors:
        raise UserError(
            f"{study}: {errors} error{'s' if errors > 1 else ''} in its sounds, named above and in "
            "check.md; mend them and check again"
        )
    if not as_json:
        warned = " with the warnings above" if report.sounds.findings else ""
        typer.echo(f"Ready{warned}. Next: `intone serve {study}`.")


@study_app.command("plan")
def plan(
    context: typer.Context,
    study: StudyFile,
    listeners: Annotated[int, typer.Option(help="Listeners who finish.", min=1)],
    dropout: Annotated[
        float, typer.Option(help="Share of those who come that leave at a random page, 0 to 0.9.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Number that decides who leaves.", min=0)] = 1,
    like: Annotated[
        Path | None, typer.Option(help="report.json of a pilot, whose scatter is assumed.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the plan as JSON instead of tables.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Picture of who hears what to write, .svg.")
    ] = None,
) -> None:
    """Show before launch who would hear what, how evenly, and which differences it could show."""
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
        str, typer.Option(help="Address under which listeners reach the study.")
    ] = "http://127.0.0.1:7860/",
) -> None:
    """Print links for listeners of your own as CSV; each opens one sitting and comes back to it.

    Keep the output: the links cannot be shown again.
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
    """Take the test in Chromium, and prove that nothing tells one version from another."""
    import json

    from intone.errors import UserError
    from mushra_app.audit.checks import audit as run

    with _preparing("Pages") as progress:
        checks = run(study, progress)
    if as_json:
        found = [{"name": c.name, "passed": c.passed, "against": c.against} for c in checks]
        typer.echo(json.dumps(found, indent=1))
    for check in () if as_json else checks:
        typer.echo(f"{'yes' if check.passed else 'NO '}  {check.name}")
        for reason in check.against[:5]:
            typer.echo(f"       {reason}")
    failed = [check for check in checks if not check.passed]
    if failed:
        raise UserError(f"{study}: not blind: {len(failed)} of {len(checks)} checks failed")


@app.command()
def serve(
    context: typer.Context,
    study: StudyFile,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 7860,
) -> None:
    """Open a listening test in the browser, for you or for your listeners (Ctrl-C ends it)."""
    from mushra_app.web.app import serve as run

    address = f"[{host}]" if ":" in host else host
    with ExitStack() as stack:
        progress = stack.enter_context(_preparing())

        def ready() -> None:
            stack.close()
            typer.echo(f"Listening test: http://{address}:{port}/  (Ctrl-C ends it)")
            typer.echo(f"For researchers: http://{address}:{port}/admin")

        def setup(path: str) -> None:
            typer.echo(f"Make your account there, once: http://{address}:{port}/{path}")

        handed = (context.obj or {}).get("statistics")
        run(study, host, port, progress, ready, handed() if handed else None, setup)


@app.command()
def rehearse(
    study: StudyFile,
    listeners: Annotated[
        int, typer.Option(help="Simulated listeners in all; those there already count.", min=1)
    ] = 24,
    seed: Annotated[int, typer.Option(help="Number that decides all their ratings.", min=0)] = 1,
    cast: Annotated[
        str | None,
        typer.Option(
            help="Listeners by kind instead, e.g. honest=20,lazy=2,random=2,one_sided=1,"
            "reference_matching=4: whether your screening finds those that it should."
        ),
    ] = None,
) -> None:
    """Let simulated listeners take the test, to see that everything works before people do.

    Their ratings carry `simulated` for ever and go to a database of their own.
    """
    from mushra_app.rehearsal.kinds import cast_of
    from mushra_app.rehearsal.run import rehearse as run

    path = run(study, listeners, seed=seed, cast=cast_of(cast) if cast else None)
    typer.echo(f"{path}: simulated ratings. Next: `intone report {path}`.")


@contextmanager
def _preparing(what: str = "Sounds") -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, which shows once the first of them has been done."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None, visible=False)

        def step(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=done < total)

        yield step


@contextmanager
def _stages() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr for work in several stages."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        tasks = {}

        def step(what: str, done: int, total: int) -> None:
            task = tasks.setdefault(what, None)
            if task is None:
                task = tasks[what] = bar.add_task(what, total=total)
            bar.update(task, completed=done, total=total)

        yield step
