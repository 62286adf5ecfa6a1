"""Commands of the text front-end."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from intone.errors import UserError
from tts_core.commands.parser import app as parse_app

if TYPE_CHECKING:
    from rich.console import Console

    from tts_core.text.analyse import Frontend
    from tts_core.types import Sentence

_TOGETHER = 64

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
    analyse(sys.stdin.buffer, as_json, lexicon, encoder, parser)


def analyse(
    source: BinaryIO, as_json: bool, lexicon: Path | None, encoder: str, parser: str
) -> None:
    """Print an analysis of every line that is not empty.

    A line that cannot be read costs no other line its answer; all such lines are named at the end.

    Args:
        source: UTF-8 text. as_json: one JSON object a line, else a table for people.
        lexicon, encoder, parser: see `Frontend`.

    Raises:
        UserError: some lines could not be read, or there is no text.
    """
    from rich.console import Console

    from tts_core.text.analyse import Frontend

    frontend = Frontend(encoder, parser, lexicon)
    if source.isatty():
        typer.echo("Type a sentence a line; end with Ctrl-D.", err=True)
    console = Console(soft_wrap=not sys.stdout.isatty(), highlight=False)
    faults: list[str] = []
    n_lines = 0
    for number, answer in answers(source, frontend):
        n_lines += 1
        if isinstance(answer, UserError):
            faults.append(f"line {number}: {answer}")
        elif as_json:
            typer.echo(json.dumps(answer.to_dict(), ensure_ascii=False))
        else:
            show(answer, console)
    if not n_lines:
        raise UserError("there is no text on standard input; give it lines, one sentence each")
    if faults:
        raise UserError("\n".join([f"{len(faults)} of {n_lines} lines have no analysis", *faults]))


def answers(
    lines: Iterable[bytes], frontend: "Frontend"
) -> "Iterator[tuple[int, Sentence | UserError]]":
    """Yield the number and the analysis or error of each line."""
    waiting: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        try:
            text = line.decode("utf-8-sig").strip()
        except UnicodeDecodeError:
            yield from _batch(waiting, frontend)
            waiting = []
            yield number, UserError("it is not UTF-8 text; save the file as UTF-8")
            continue
        if text:
            waiting.append((number, text))
        if len(waiting) == _TOGETHER:
            yield from _batch(waiting, frontend)
            waiting = []
    yield from _batch(waiting, frontend)


def _batch(
    lines: Sequence[tuple[int, str]], frontend: "Frontend"
) -> "Iterator[tuple[int, Sentence | UserError]]":
    numbers = [number for number, _ in lines]
    try:
        yield from zip(numbers, frontend.analyse_all([text for _, text in lines]), strict=True)
        return
    except UserError:
        pass
    for number, text in lines:
        try:
            yield number, frontend.analyse(text)
        except UserError as error:
            yield number, error


def show(sentence: "Sentence", console: "Console") -> None:
    """Print a sentence as a table with one row per word."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in ("word", "spoken", "phones", "tag", "class", "compound"):
        table.add_column(heading, overflow="fold")
    for word in sentence.words:
        row = (
            word.text,
            "" if word.spoken == word.text.lower() else word.spoken,
            " ".join(word.phones),
            word.pos,
            "" if word.punctuation else word.word_class,
            "yes" if word.compound else "",
        )
        table.add_row(*(Text(cell) for cell in row))
    console.print(Text(sentence.text, style="bold"))
    console.print(table)
    console.print(Text(f"{sentence.tree}  [{sentence.parser}]\n", style="dim"))
