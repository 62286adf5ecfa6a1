"""What listeners read, in five languages; the browser reads the same catalogue."""

import json
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "player"


@cache
def _catalogue(language: str) -> dict[str, str]:
    return json.loads((FOLDER / f"texts.{language}.json").read_text("utf-8"))


def said(language: str, key: str, **values: object) -> str:
    """A text of the catalogue with its values filled in.

    Args:
        language: en, de, fr, es or ja.
        key: name of the text.
        values: by name, what stands in braces in the catalogue.
    """
    text = _catalogue(language)[key]
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def html(markdown: str) -> str:
    """Markdown as HTML; markup within it is shown, not obeyed, and links open nowhere else."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).render(markdown)
