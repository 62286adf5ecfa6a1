"""Tabs with listeners' remarks and with downloads."""

import gradio as gr

from mushra_app.admin import live
from mushra_app.admin.console import EVENT, Console, html_block, table
from mushra_app.admin.files import TABLE_KINDS
from mushra_app.admin.sheets import render

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
            for pseudonym, row in live.remarks(console.engine, console.study_id, wanted)
        ]

    for trigger in (tab.select, kind.input):
        trigger(remarks, kind, rows, **EVENT)


def download_tab() -> None:
    """Fill the tab; each file is made when its link is clicked."""
    tables = render("download_tables.html", tables=_TABLES, kinds=TABLE_KINDS)
    html_block(tables)
    html_block(render("download_archives.html"))
    gr.Markdown(
        "Withdrawn sittings and previews are in none of the tables. Reading the ratings before the "
        "study has ended is a look at the results that is not recorded here: write it down.",
        elem_classes="soft",
    )
