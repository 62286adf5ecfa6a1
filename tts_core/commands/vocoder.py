"""Commands of vocoders."""

from pathlib import Path
from typing import Annotated

import typer

from intone.progress import on_console

app = typer.Typer(no_args_is_help=True, help="Vocoders: fine-tune the universal one, or train one.")


@app.callback()
def vocoder() -> None:
    """Keep `train` a sub-command although it is the only one."""


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
    where = out or Path("runs") / Path(recipe).stem
    train_vocoder_recipe(recipe, changes or [], data, where, predicted)


def train_vocoder_recipe(
    name: str, changes: list[str], data: Path, out: Path, predicted: Path | None = None
) -> Path:
    """Train a vocoder's recipe with a display; return the vocoder's folder.

    Args:
        name, changes: recipe and what differs from it. data: prepared corpus, whose recordings are
            still in their place. out: run folder. predicted: run of an acoustic model of `data`.

    Raises:
        UserError: unknown recipe or key, no prepared corpus, another run in `out`, or spectrograms
            that do not fit each other.
        SystemExit: 143 if it was asked to stop; the checkpoint is written and the sentence printed.
    """
    import torch

    from tts_core.commands.adversarial import overrides_of, print_values, train_with_display
    from tts_core.corpus.dataset import PreparedCorpus
    from tts_core.vocoder.config import load_vocoder_recipe
    from tts_core.vocoder.generator import begin, read_description
    from tts_core.vocoder_training.speech import read_speech
    from tts_core.vocoder_training.training import train_vocoder

    recipe = load_vocoder_recipe(name, overrides_of(changes, "vocoder"))
    corpus = PreparedCorpus(data)
    # Refused before minutes of reading, not after.
    begin(recipe, corpus.info.features)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with on_console() as progress:
        speech = read_speech(corpus, predicted, device, progress)
    folder = train_with_display(
        recipe.name, lambda watch: train_vocoder(recipe, speech, out, watch)
    )
    described = read_description(folder)
    print_values(folder, described.before, described.after)
    return folder
