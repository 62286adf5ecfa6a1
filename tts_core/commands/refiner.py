"""Commands of refiners."""

from pathlib import Path
from typing import Annotated

import typer

from intone.progress import on_console

app = typer.Typer(no_args_is_help=True, help="Refiners: sharpen predicted spectrograms.")


@app.callback()
def refiner() -> None:
    """Keep `train` a sub-command although it is the only one."""


@app.command()
def train(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN... [KEY=VALUE]...",
            help="Runs of `intone train` or systems of a voice, then changes of the recipe.",
        ),
    ],
    data: Annotated[Path, typer.Option(help="Prepared corpus.")] = Path("prepared"),
    out: Annotated[Path, typer.Option(help="Run folder.")] = Path("runs/refiner"),
    recipe: Annotated[str, typer.Option(help="Recipe name or YAML file.")] = "refiner",
) -> None:
    """Train one refiner for several systems; the same command resumes it.

    Use the result with `--refiner RUN`, or pack it into a voice with `intone voice pack`.
    """
    # A folder may have "=" in its name.
    changes = [word for word in runs if "=" in word and not Path(word).exists()]
    folders = [Path(word) for word in runs if word not in changes]
    train_refiner_recipe(recipe, changes, folders, data, out)


def train_refiner_recipe(
    name: str, changes: list[str], runs: list[Path], data: Path, out: Path
) -> Path:
    """Train a refiner's recipe with a display; return the refiner's folder.

    Args:
        name, changes: recipe and what differs from it. runs: of the systems, or of a voice.
        data: prepared corpus. out: run folder.

    Raises:
        UserError: no run, unknown recipe or key, no prepared corpus, another run in `out`, or
            spectrograms that do not fit each other.
        SystemExit: 143 if it was asked to stop; the checkpoint is written and the sentence printed.
    """
    from tts_core.adversarial.pairs import load_teachers, predict_pairs, read_pairs
    from tts_core.commands.adversarial import overrides_of, print_values, train_with_display
    from tts_core.corpus.dataset import PreparedCorpus
    from tts_core.refiner.config import load_refiner_recipe
    from tts_core.refiner.saved import read_description
    from tts_core.refiner_training.training import claim_refiner_run, train_refiner

    recipe = load_refiner_recipe(name, overrides_of(changes, "refiner"))
    teachers = load_teachers(PreparedCorpus(data), runs)
    pairs = read_pairs(teachers)
    if claim_refiner_run(recipe, pairs, out):
        with on_console() as progress:
            predict_pairs(teachers, pairs, progress)
    folder = train_with_display(recipe.name, lambda watch: train_refiner(recipe, pairs, out, watch))
    described = read_description(folder)
    print_values(folder, described.before, described.after)
    return folder
