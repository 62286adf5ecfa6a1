"""Commands of vocoders."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Vocoders: fine-tune the universal one, or train one.")


@app.callback()
def vocoder() -> None:
    """One command for now, and still named: `intone vocoder train`."""


@app.command()
def train(
    recipe: Annotated[
        str, typer.Argument(help="hifigan_finetune, hifigan_paper24k, or a YAML file.")
    ],
    changes: Annotated[
        list[str] | None, typer.Argument(help="key=value, e.g. steps=2000 or batch=8.")
    ] = None,
    data: Annotated[Path, typer.Option(help="Prepared corpus, recordings in their place.")] = Path(
        "prepared"
    ),
    predicted: Annotated[
        Path | None,
        typer.Option(help="Run of an acoustic model: learn from its spectrograms too."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; by default runs/RECIPE.")] = None,
) -> None:
    """Train a vocoder on a corpus; the same command resumes it.

    Use the result in RUN/vocoder with `intone synth --vocoder RUN`.
    """
    from tts_core.commands.vocoder_run import train_vocoder_recipe

    where = out or Path("runs") / Path(recipe).stem
    train_vocoder_recipe(recipe, changes or [], data, where, predicted)
