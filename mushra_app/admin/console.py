"""Study, tables and HTML blocks that the researcher's tabs share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import gradio as gr
from sqlalchemy import Engine

from mushra_app.admin.sheets import render
from mushra_app.admin.statistics_port import Statistics
from mushra_app.sitting.context import StudyContext
from mushra_app.study.file import Study


@dataclass(frozen=True)
class Console:
    """One study, as its researcher's pages need it."""

    context: StudyContext
    study_yaml: Path
    statistics: Statistics

    @property
    def study(self) -> Study:
        """Study of the context."""
        return self.context.study

    @property
    def study_id(self) -> int:
        """Key of the study's row."""
        return self.context.study_id

    @property
    def engine(self) -> Engine:
        """Engine of the ratings database."""
        return self.context.engine


class _Event(TypedDict):
    queue: bool
    api_visibility: str
    show_progress: str


# As for listeners: no queue and no state, so that any worker answers any click.
EVENT: Any = _Event(queue=False, api_visibility="private", show_progress="hidden")


def table(label: str, headers: list[str], **options: Any) -> gr.Dataframe:
    """Return a table of plain text, in which no markup is obeyed."""
    return gr.Dataframe(
        headers=headers,
        datatype="str",
        label=label,
        interactive=False,
        wrap=True,
        buttons=[],
        **options,
    )


def figures(values: dict[str, int | float | str]) -> str:
    """Return HTML: a row of large numbers, each above its name."""
    return render("figures.html", values=values)


def html_block(html: str = "") -> gr.HTML:
    """Return a component that shows HTML of one of the templates."""
    return gr.HTML(html, js_on_load=None, apply_default_css=False, container=False, padding=False)
