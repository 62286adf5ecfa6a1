"""What all of the researcher's tabs share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import gradio as gr
from sqlalchemy import Engine

from mushra_app.admin.statistics_port import Statistics
from mushra_app.store.tables import StudyRow
from mushra_app.study.file import Study
from mushra_app.study.manifest import Manifest


@dataclass(frozen=True)
class Console:
    """One study, as its researcher's pages need it."""

    study: Study
    study_yaml: Path
    engine: Engine
    row: StudyRow
    manifest: Manifest
    statistics: Statistics


class _Event(TypedDict):
    queue: bool
    api_visibility: str
    show_progress: str


# As for listeners: no queue and no state, so that any worker answers any click.
EVENT: Any = _Event(queue=False, api_visibility="private", show_progress="hidden")


def table(label: str, headers: list[str], **options: Any) -> gr.Dataframe:
    """A table of plain text: whatever stands in a cell is shown as it is, never as markup."""
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
    """A row of large numbers; names and values are our own, never a listener's."""
    cells = "".join(
        f"<div><b>{value}</b><span>{name}</span></div>" for name, value in values.items()
    )
    return f'<div class="figures">{cells}</div>'


def drawn(value: str = "") -> gr.HTML:
    """Markup that this package made of numbers and words of its own."""
    return gr.HTML(value, js_on_load=None, apply_default_css=False, container=False, padding=False)
