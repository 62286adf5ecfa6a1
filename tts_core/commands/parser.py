"""Commands that train and score constituency parsers."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command("train-parser")
def train_parser(
    treebank: Annotated[
        Path,
        typer.Argument(
            help="Folder of trees in Penn brackets (.ptb, .mrg, .trees), one file a document; "
            "the GUM corpus is a free one."
        ),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="File to write; it ends in .safetensors.")
    ],
    encoder: Annotated[
        str,
        typer.Option(help="Text encoder to read with: minilm, mpnet, a model folder, a hub name."),
    ] = "minilm",
    layers: Annotated[
        str,
        typer.Option(help="Its layers, as in 2,4,6. By default three around its middle."),
    ] = "",
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the trees.")] = 12,
    seed: Annotated[int, typer.Option(help="Of weights, order and dropout.")] = 0,
    held_out: Annotated[
        int,
        typer.Option(
            min=1, help="Documents kept from training to measure on; the same for every seed."
        ),
    ] = 12,
) -> None:
    """Train the span parser on a treebank and measure it held out.

    Takes 10 minutes a core on GUM with MiniLM, about 20 with mpnet; an interrupted run starts anew.
    The weights are for `--parser span:FILE`.
    """
    from intone.errors import UserError
    from intone.progress import on_console
    from tts_core.text.parse import training

    if out.suffix != ".safetensors":
        raise UserError(f"{out}: the name of the weights must end in .safetensors; rename it")
    chosen = tuple(int(layer) for layer in layers.split(",") if layer.strip().isdigit())
    if layers and len(chosen) != len(layers.split(",")):
        raise UserError(f"--layers {layers}: not a list of numbers; separate them by commas: 2,4,6")
    with on_console() as progress:
        trained = training.train_parser(
            treebank, out, encoder, chosen, epochs, seed, held_out, progress
        )
    train, test = trained.sentences
    typer.echo(
        f"{out}: trained on {train} sentences, loss {trained.losses[-1]:.2f} nats a sentence"
    )
    for name, score in trained.scores.items():
        typer.echo(f"held out ({test} sentences): {name} F1 {score}")


@app.command("score-parser")
def score_parser(
    trees: Annotated[
        Path, typer.Argument(help="Gold trees in Penn brackets: a file, or a folder of them.")
    ],
    parser: Annotated[
        str,
        typer.Option(
            help="auto, span:minilm, span:mpnet, span:WEIGHTS.safetensors, rules, benepar[:MODEL] "
            "or file:TREES."
        ),
    ] = "auto",
    encoder: Annotated[
        str, typer.Option(help="Text encoder that auto and span:WEIGHTS read with.")
    ] = "minilm",
    held_out: Annotated[
        int,
        typer.Option(
            min=0,
            help="Score only the documents of a folder that `train-parser` holds out when told "
            "this number; 0 scores all.",
        ),
    ] = 0,
) -> None:
    """Compare a parser with gold trees: F1, coverage, speed.

    Punctuation, traces, functional labels and roots are taken out of both; brackets over one word
    or the whole sentence do not count. Intervals are 95 %, over sentences.
    """
    from intone.errors import UserError
    from tts_core.text.parse import load_parser, scoring, training

    if held_out and not trees.is_dir():
        raise UserError(
            f"{trees}: not a folder, which --held-out needs; give a folder of documents"
        )
    if trees.is_dir():
        bank = training.read_treebank(trees, held_out)
        gold = bank.held_out if held_out else bank.train
    else:
        gold = training.sentences(trees)
    score = scoring.score_parser(load_parser(parser, encoder), gold)
    typer.echo(f"{score.parser}: {score.covered} of {score.sentences} sentences have a tree")
    for name, f1 in (("unlabelled", score.unlabelled), ("labelled", score.labelled)):
        typer.echo(f"{name} F1 {f1} (precision {f1.precision:.3f}, recall {f1.recall:.3f})")
    typer.echo(f"{score.sentences / score.seconds:.1f} sentences/s")
