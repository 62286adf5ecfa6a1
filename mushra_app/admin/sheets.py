"""Pages without scripts: log in, make the account, make a study."""

from functools import cache
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment

from mushra_app.admin import passwords
from mushra_app.http.templates import templates

_NO_VALUES = {"name": "", "title": "", "contact": "", "folder": ""}


def render(template: str, **values: Any) -> str:
    """Return a filled template, in which every value is escaped."""
    return _templates().get_template(template).render(values)


def login_sheet(study: str, refusal: str = "", name: str = "", status: int = 200) -> HTMLResponse:
    """Return the login page, with the last refusal if any."""
    return _sheet("login.html", "Log in", study, refusal, status, name=name)


def setup_sheet(
    study: str, token: str, refusal: str = "", name: str = "", status: int = 200
) -> HTMLResponse:
    """Return the page that makes the account."""
    return _sheet("setup.html", "Your account", study, refusal, status, token=token, name=name)


def new_sheet(
    study: str, refusal: str = "", values: dict[str, str] | None = None, status: int = 200
) -> HTMLResponse:
    """Return the page that makes another study, with earlier values."""
    filled = _NO_VALUES | (values or {})
    return _sheet("new.html", "A new study", study, refusal, status, values=filled)


def made_sheet(study: str, file: str, command: str) -> HTMLResponse:
    """Return the page with the command that serves a new study."""
    return _sheet("made.html", "The study is there", study, "", 201, file=file, command=command)


def refusal_sheet(study: str, reason: str, status: int) -> HTMLResponse:
    """Return the page with the reason of a refusal."""
    return _sheet("refusal.html", "That did not work", study, reason, status)


def _sheet(
    template: str, title: str, study: str, refusal: str, status: int, **values: Any
) -> HTMLResponse:
    limits = {"shortest": passwords.SHORTEST, "longest": passwords.LONGEST}
    page = render(template, title=title, study=study, refusal=refusal, **limits, **values)
    return HTMLResponse(page, status)


@cache
def _templates() -> Environment:
    environment = templates(Path(__file__).parent / "templates")
    environment.filters["as_sentence"] = _as_sentence
    return environment


def _as_sentence(reason: str) -> str:
    # The name of a file keeps its letters.
    starts_with_word = reason.split()[0].isalpha()
    return f"{reason[0].upper() + reason[1:] if starts_with_word else reason}."
