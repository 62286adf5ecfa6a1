"""Listeners' remarks, and everything to download."""

import gradio as gr

from mushra_app.admin import live
from mushra_app.admin.console import EVENT, Console, drawn, table
from mushra_app.admin.files import TABLE_KINDS

_TABLES = {
    "ratings": "one row a rating, as the report reads it",
    "preferences": "one row a paired comparison",
    "sessions": "one row a sitting, with its outcome",
    "answers": "questionnaires and checks; words may be personal",
    "remarks": "comments and problems; words may be personal",
    "events": "the log of every click and sound",
    "looks": "recorded looks at the results",
}


def remarks_tab(console: Console, tab: gr.Tab) -> None:
    """Fill the tab."""
    kind = gr.Radio(["all", "comment", "problem"], value="all", show_label=False, container=False)
    rows = table(
        "In listeners' own words, newest first",
        ["Words", "Kind", "Page", "Sitting", "When (UTC)"],
        max_height=640,
        column_widths=["400px", "100px", "70px", "140px", "150px"],
    )

    def remarks(chosen: str) -> list[list[str]]:
        wanted = None if chosen == "all" else chosen
        return [
            [
                row.text,
                row.kind,
                "" if row.page_index is None else str(row.page_index + 1),
                pseudonym,
                row.written_at[:16].replace("T", " "),
            ]
            for pseudonym, row in live.remarks(console.engine, console.row.id, wanted)
        ]

    for trigger in (tab.select, kind.input):
        trigger(remarks, kind, rows, **EVENT)


def download_tab() -> None:
    """Fill the tab; everything is made at the moment of the click."""
    lines = "".join(
        f"<tr><th>{name}</th><td>{what}</td><td>"
        + "".join(f'<a href="download/{name}.{kind}" download>{kind}</a>' for kind in TABLE_KINDS)
        + "</td></tr>"
        for name, what in _TABLES.items()
    )
    drawn(f'<table class="downloads">{lines}</table>')
    drawn(
        '<div class="card downloads"><p><a href="download/bundle.zip" download>Bundle</a> '
        "the study, its sounds' digests, its plan and all tables, to archive and publish; read "
        "remarks and answers before you do</p><p>"
        '<a href="download/backup.sqlite" download>Backup</a> the whole database as it stands '
        "now, with everything that is not for publication</p></div>"
    )
    gr.Markdown(
        "Withdrawn sittings and previews are in none of the tables. Reading the ratings before the "
        "study has ended is a look at the results that is not recorded here: write it down.",
        elem_classes="soft",
    )
