"""The command line: the three rooms' commands side by side."""

import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from intone.errors import UserError

EXTRAS = {"tts_core": "tts", "mushra_app": "app", "analysis": "analysis"}

app = typer.Typer(
    name="intone",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Does context-aware prosody make synthetic speech more natural, and by how much? "
    "Train NTTS, Kathaka and CAMP, run a blind listening test, and analyse it.\n\n"
    "New here? `intone demo` runs the whole chain.",
)


@app.command()
def assets(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which ones; without any, those that are needed.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also the large ones (recogniser, large text encoder).")
    ] = False,
    show: Annotated[bool, typer.Option("--list", help="Only list them.")] = False,
) -> None:
    """Download the weights and lexicons that the platform uses (pinned, verified)."""
    from intone import assets as store

    known = store.catalogue()
    if show:
        for name, asset in known.items():
            state = "here" if store.available(name) else "not here"
            typer.echo(f"{name:20} {state:9} {asset.what} [{asset.licence}]")
        return
    store.fetch(list(known) if everything else (names or ()), progress=typer.echo)


@app.command()
def demo(
    corpus: Annotated[
        str, typer.Option(help="demo or heart (stand-in voices), kathleen, or a corpus folder.")
    ] = "demo",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Where everything is kept.")
    ] = None,
    serve: Annotated[
        bool, typer.Option(help="Serve the listening page at the end, until Ctrl-C.")
    ] = True,
    port: Annotated[int, typer.Option(help="Port of the listening page.")] = 7860,
    listeners: Annotated[int, typer.Option(help="Simulated listeners of the rehearsal.")] = 24,
    sentences: Annotated[int, typer.Option(min=1, help="Held-out sentences in the study.")] = 6,
    steps: Annotated[
        float, typer.Option(help="Share of the recipes' training steps (1 is the demo's size).")
    ] = 1.0,
) -> None:
    """Run every step: corpus, training, stimuli, study, rehearsal, report.

    Takes about 15 minutes on two cores. After an interruption the same command resumes.
    """
    from intone.command.demo import Demo

    Demo(corpus, out, listeners, sentences, steps).run(port if serve else None)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Options of the program itself."""
    if version:
        from intone import __version__

        typer.echo(__version__)
        raise typer.Exit
    from intone.command.handover import find_recogniser, precision_of, statistics

    # The rooms do not import each other; each receives here what it needs of another.
    context.obj = {
        "recogniser": find_recogniser,
        "precision": precision_of,
        "statistics": statistics,
    }


def _compose() -> None:
    from analysis.cli import app as analysis_app
    from mushra_app.cli import app as mushra_app
    from tts_core.commands.cli import app as tts_app

    for room in (tts_app, mushra_app, analysis_app):
        app.add_typer(room)


def main() -> None:
    """Run `intone`; print a user error as one sentence with status 1."""
    _compose()
    try:
        app()
    except UserError as error:
        typer.echo(f"intone: {error}", err=True)
        sys.exit(1)
    except ModuleNotFoundError as error:
        extra = _extra_for(error)
        if extra is None:
            raise
        typer.echo(
            f"intone: this command needs the package {error.name}; "
            f"install it with: pip install 'intone[{extra}]'",
            err=True,
        )
        sys.exit(1)


def _extra_for(error: ModuleNotFoundError) -> str | None:
    """Return the extra of the room that missed a package.

    None if the module is part of Intone.
    """
    if (error.name or "").split(".")[0] in {*EXTRAS, "intone"}:
        return None
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        for room, extra in EXTRAS.items():
            if room in Path(frame.filename).parts:
                return extra
    return None


if __name__ == "__main__":
    main()
