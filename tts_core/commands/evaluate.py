"""Commands that measure trained systems."""

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def evaluate(
    systems: Annotated[
        list[Path], typer.Argument(help="Run folders of `intone train`, or voices.")
    ],
    data: Annotated[Path, typer.Option(help="Prepared corpus they were trained on.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for results and figures.")],
    split: Annotated[str, typer.Option(help="Held-out sentences: test or validation.")] = "test",
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    refiner: Annotated[
        str,
        typer.Option(help="For all systems: auto (that of the voices), none, filter:A,B or a run."),
    ] = "auto",
    sentences: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="At most so many, with all recordings, drawn by the seed; default: all.",
        ),
    ] = None,
) -> None:
    """Measure predicted prosody on held-out recordings, beside oracle and human ceiling."""
    from intone.errors import UserError
    from intone.progress import on_console
    from tts_core.evaluation.held_out import PAGE, evaluate
    from tts_core.evaluation.held_out_page import primary_table

    if split not in ("test", "validation"):
        raise UserError(f"--split {split}: choose test or validation; nothing else is held out")
    command = " ".join(["intone", *sys.argv[1:]])
    with on_console() as progress:
        result = evaluate(
            systems,
            data,
            split,
            out,
            seed,
            created_by=command,
            progress=progress,
            refiner=refiner,
            sentences=sentences,
        )
    typer.echo("\n".join(primary_table(result["primary"])))
    typer.echo(f"{result['caution']}\n{out / PAGE}: all of it")
