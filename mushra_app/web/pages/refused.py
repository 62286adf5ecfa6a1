"""The page that somebody sees whose link lets nobody in."""

from html import escape

from fastapi.responses import HTMLResponse

from mushra_app.study.file import Study
from mushra_app.study.texts import html, said

# By itself: whoever is not let in has no address of the player's files.
_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><style>
:root {{ color-scheme: light dark; }}
body {{ max-width: 38rem; margin: 15vh auto; padding: 0 1.5rem; }}
body {{ font: 1.0625rem/1.6 system-ui, sans-serif; }}
h1 {{ font-size: 1.6rem; line-height: 1.25; }}
</style></head><body><main>{words}</main></body></html>
"""


def refused(study: Study, key: str, status: int) -> HTMLResponse:
    """A page with a text of the catalogue."""
    words = html(said(study.language, key))
    page = _PAGE.format(language=study.language, title=escape(study.title), words=words)
    return HTMLResponse(page, status)
