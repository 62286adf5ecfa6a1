"""Error page for an invitation link that is missing or invalid."""

from functools import cache
from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment
from markupsafe import Markup

from mushra_app.http.templates import templates
from mushra_app.study.file import Study
from mushra_app.study.texts import html, translated


@cache
def _templates() -> Environment:
    return templates(Path(__file__).parents[1] / "templates")


def refused(study: Study, key: str, status: int) -> HTMLResponse:
    """Return a page with a text of the catalogue.

    The page needs no other file: a listener without access has no address of the player's files.

    Args:
        study: the study.
        key: name of the text in the catalogue.
        status: HTTP status.
    """
    # `html` turns Markdown of the catalogue into HTML without markup of its own.
    words = Markup(html(translated(study.language, key)))
    page = _templates().get_template("refused.html")
    values = {"language": study.language, "title": study.title, "words": words}
    return HTMLResponse(page.render(values), status)
