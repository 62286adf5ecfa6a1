"""Texts for listeners in five languages, shared with the browser."""

import json
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "player"


@cache
def _catalogue(language: str) -> dict[str, str]:
    return json.loads((FOLDER / f"texts.{language}.json").read_text("utf-8"))


def translated(language: str, key: str, **values: object) -> str:
    """Return a text of the catalogue with its values filled in.

    Args:
        language: en, de, fr, es or ja.
        key: name of the text.
        values: values by name, which replace the names in braces.
    """
    text = _catalogue(language)[key]
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def html(markdown: str) -> str:
    """Return Markdown as HTML; HTML within it is escaped."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).render(markdown)
