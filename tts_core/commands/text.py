"""Commands of the text front-end."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tts_core.commands.parser import app as parse_app

app = typer.Typer()
text_app = typer.Typer(no_args_is_help=True, help="What the front-end makes of a text.")
app.add_typer(text_app, name="text")
text_app.add_typer(parse_app)


@text_app.command("analyse")
def text_analyse(
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, for scripts; else a table.")
    ] = False,
    lexicon: Annotated[
        Path | None,
        typer.Option(help="Your pronunciations: a text file with `word PH1 PH2 ...` a line."),
    ] = None,
    encoder: Annotated[
        str,
        typer.Option(
            help="Text encoder whose word pieces a voice reads, and whose parser is the automatic "
            "one: minilm, mpnet, a model folder, a hub name."
        ),
    ] = "minilm",
    parser: Annotated[
        str,
        typer.Option(
            help="What makes the tree: auto, span:minilm, span:mpnet, span:WEIGHTS.safetensors, "
            "rules, benepar[:MODEL] or file:TREES."
        ),
    ] = "auto",
) -> None:
    """Show spoken form, phones, tags and parse tree of every line.

    Reads standard input. Lines that cannot be read are listed with their number after the others;
    then the exit status is 1. Example: echo "Dr. Ray paid $3.50." | intone text analyse
    """
    from tts_core.commands.text_analyse import analyse

    analyse(sys.stdin.buffer, as_json, lexicon, encoder, parser)
