"""Commands of decoders."""

from pathlib import Path
from typing import Annotated

import typer

from intone.progress import on_console

app = typer.Typer(no_args_is_help=True, help="Decoders: train them adversarially, for sharp sound.")


@app.callback()
def decoder() -> None:
    """Keep `train` a sub-command although it is the only one."""


@app.command()
def train(
    run: Annotated[Path, typer.Argument(help="Run of `intone train` or system of a voice.")],
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Changes of the recipe.")
    ] = None,
    data: Annotated[Path, typer.Option(help="Prepared corpus.")] = Path("prepared"),
    out: Annotated[Path, typer.Option(help="Run folder.")] = Path("runs/decoder"),
    recipe: Annotated[str, typer.Option(help="Recipe name or YAML file.")] = "decoder",
) -> None:
    """Train a trained system's decoder adversarially; the same command resumes it.

    Use the result as you would use RUN, e.g. with `intone voice pack`.
    """
    train_decoder_recipe(recipe, changes or [], run, data, out)


def train_decoder_recipe(name: str, changes: list[str], run: Path, data: Path, out: Path) -> Path:
    """Train a decoder's recipe with a display; return the system's folder.

    Args:
        name, changes: recipe and what differs from it. run: of the system, or its folder in a
            voice. data: prepared corpus. out: run folder.

    Raises:
        UserError: unknown recipe or key, no trained system, no prepared corpus, another run in
            `out`, or spectrograms that do not fit each other.
        SystemExit: 143 if it was asked to stop; the checkpoint is written and the sentence printed.
    """
    from tts_core.adversarial.pairs import load_teachers, predict_pairs, read_pairs
    from tts_core.commands.adversarial import overrides_of, print_values, train_with_display
    from tts_core.corpus.dataset import PreparedCorpus
    from tts_core.decoder_training.config import load_decoder_recipe
    from tts_core.decoder_training.training import claim_decoder_run, train_decoder
    from tts_core.models.saved import read_description

    recipe = load_decoder_recipe(name, overrides_of(changes, "decoder"))
    teacher = load_teachers(PreparedCorpus(data), [run])
    pairs = read_pairs(teacher)
    if claim_decoder_run(recipe, teacher, pairs, out):
        with on_console() as progress:
            predict_pairs(teacher, pairs, progress)
    folder = train_with_display(
        recipe.name, lambda watch: train_decoder(recipe, teacher, pairs, out, watch)
    )
    described = read_description(folder).decoder
    assert described
    print_values(folder, described.before, described.after)
    return folder
