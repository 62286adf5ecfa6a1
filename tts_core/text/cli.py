"""Commands of the text front-end; their heavy imports stand inside."""

import sys
from typing import Annotated

import typer

from tts_core.text.parse_cli import app as parse_app

app = typer.Typer()
text_app = typer.Typer(no_args_is_help=True, help="What the front-end makes of a text.")
app.add_typer(text_app, name="text")
text_app.add_typer(parse_app)


@text_app.command("analyse")
def text_analyse(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Read lines of text from standard input and show words, phones, syntax and parse tree."""
    import json

    from tts_core.text.analyse import Frontend

    lines = [line.strip() for line in sys.stdin if line.strip()]
    for analysis in Frontend().analyse_all(lines):
        if as_json:
            typer.echo(json.dumps(analysis.to_dict(), ensure_ascii=False))
            continue
        typer.echo(f"{analysis.text}\n  {analysis.tree}")
        for word in analysis.words:
            typer.echo(f"  {word.text:20} {word.pos:6} {' '.join(word.phones)}")
