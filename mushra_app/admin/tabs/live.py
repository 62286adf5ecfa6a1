"""Tab with the progress of the study and looks at its results."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import gradio as gr
import pandas as pd

from mushra_app.admin import live
from mushra_app.admin.console import EVENT, Console, figures, html_block, table
from mushra_app.design.precision import Design

_NO_STATISTICS = "The statistics are not installed; run `pip install 'intone[analysis]'`."
_NO_LOOK = (
    "Counts, times and flags show nothing about the difference between systems, so they are no "
    "look at the results."
)
_LOOK = (
    "A test at every look finds differences that do not exist. So every look is recorded with your "
    "name and the number of ratings, and the report states the number of looks."
)
_SITTINGS = (
    "Sitting",
    "Arm",
    "Status",
    "Pages",
    "Device",
    "Headphones",
    "Last seen (UTC)",
    "Minutes",
)
_STATUS_NAMES = {
    "listening": "listening now",
    "completed": "finished",
    "away": "away",
    "declined": "declined",
    "screened out": "screened out",
    "withdrawn": "withdrawn",
}


def live_tab(console: Console, tab: gr.Tab) -> None:
    """Fill the tab, which is read anew each time it is opened."""
    with gr.Row(elem_classes="bar"):
        refresh = gr.Button("Refresh", size="md", variant="secondary")
        again = gr.Checkbox(False, label="every 30 seconds", container=False)
        at = gr.Markdown(elem_classes="soft")
    top = html_block()
    gr.Markdown(_NO_LOOK, elem_classes="soft")
    sittings = table(f"Sittings (the newest {live.MOST_SITTINGS})", list(_SITTINGS), max_height=420)
    pages = table("Page by page", ["Page", "Kind", "Reached", "Left here", "Median time, s"])
    with gr.Row(elem_classes="parts"):
        flags = table("Screening flags", ["Listener", "Reason"])
        failed = table("Failed checks", ["Sitting", "Page", "Kind", "Check", "Sentence"])
    notes = gr.Markdown()
    covered = gr.Dataframe(
        label="Coverage: ratings of each sentence by each system (or pair)",
        datatype="str",
        interactive=False,
        buttons=[],
        max_height=420,
    )
    precise = gr.Markdown()
    outputs = [at, top, sittings, pages, flags, failed, notes, covered, precise]

    def progress() -> list[Any]:
        return _everything(console)

    timer = gr.Timer(30, active=False)
    for trigger in (tab.select, refresh.click, timer.tick):
        trigger(progress, None, outputs, **EVENT)
    again.change(lambda on: gr.Timer(active=on), again, timer, **EVENT)
    _results(console)


def _everything(console: Console) -> list[Any]:
    engine, study_id = console.engine, console.study_id
    rows = live.ratings(engine, console.study.name)
    flags, notes = _flags(console, rows)
    return [
        f"as of {datetime.now(UTC):%H:%M:%S} UTC",
        figures(_tally(live.tally(engine, study_id))),
        [
            [
                s.pseudonym,
                s.arm,
                s.status,
                f"{s.page} of {s.pages}" if s.pages else "",
                s.device,
                s.headphones,
                s.seen_at[:16].replace("T", " "),
                f"{s.minutes:.1f}",
            ]
            for s in live.sittings(engine, study_id)
        ],
        [
            [p.number, p.kind, p.reached, p.left, "" if p.median_s is None else f"{p.median_s:.1f}"]
            for p in live.page_numbers(engine, study_id)
        ],
        flags,
        [[f.pseudonym, f.page, f.kind, f.what, f.sentence] for f in live.failed(engine, study_id)],
        notes,
        heat(console, live.coverage(engine, console.study.name)),
        _precision(console, rows),
    ]


def _tally(counted: dict[str, int]) -> dict[str, int | float | str]:
    by_status = {name: counted.get(status, 0) for status, name in _STATUS_NAMES.items()}
    return {"came": sum(counted.values()), **by_status}


def _flags(console: Console, rows: Sequence[dict[str, Any]]) -> tuple[list[list[str]], str]:
    if not rows:
        return [], "Screening: no ratings yet."
    results = console.statistics.screen(rows)
    if results is None:
        return [], f"Screening: {_NO_STATISTICS}"
    flags = [
        [listener, reason]
        for result in results
        for listener, reasons in result.flags.items()
        for reason in reasons
    ]
    notes = [f"{r.question}: rule {r.rule}. {' '.join(r.notes)}" for r in results]
    return flags, "Screening: " + " ".join(notes)


def heat(console: Console, counts: dict[str, dict[str, int]]) -> Any:
    """Return a table of sentences by systems, darker with more ratings.

    Cells of the design without ratings are zeros.
    """
    frame = pd.DataFrame.from_dict(counts, orient="index")
    order = [s for s in [console.study.reference, *console.study.systems] if s in frame.columns]
    frame = frame[[*order, *(c for c in frame.columns if c not in order)]]
    frame = frame.reindex([*dict.fromkeys([*console.study.sentences, *frame.index])])
    frame = frame.fillna(0).astype(int)
    most = max(1, int(frame.to_numpy().max())) if frame.size else 1
    frame.insert(0, "Sentence", frame.index)

    def paint(value: object) -> str:
        if not isinstance(value, int):
            return ""
        return f"background-color: rgba(22, 150, 143, {0.08 + 0.5 * value / most:.2f})"

    return frame.style.map(paint)


def _precision(console: Console, rows: Sequence[dict[str, Any]]) -> str:
    texts = len({row["utterance"] for row in rows if row["phase"] == "test"})
    finished = live.tally(console.engine, console.study_id).get("completed", 0)
    if finished < 2 or texts < 2:
        return "Precision: shown once two listeners have finished two sentences."
    pages = min(texts, console.study.pages_per_listener)
    precision = console.statistics.precision(Design(finished, texts, pages))
    if precision is None:
        return f"Precision: {_NO_STATISTICS}"
    return (
        f"**Precision so far.** With {finished} listeners, {pages} pages each, {texts} sentences: "
        f"standard error of a difference of two systems {precision.se:.1f} points; a true "
        f"difference of {precision.detectable:.1f} points would be found with 80 % probability. "
        f"{precision.assumed}. "
        "This is computed from the size of the study, not from its scores."
    )


def _results(console: Console) -> None:
    with gr.Column(elem_classes="card"):
        gr.Markdown(f"## Results so far\n\n{_LOOK}")
        look = gr.Button("Look at the results (recorded)", variant="secondary", size="md")
        message = gr.Markdown()
        means = table(
            "System means, points",
            ["Question", "System", "Role", "Ratings", "Mean", "95 % interval"],
            visible=False,
        )

    def results(request: gr.Request) -> list[Any]:
        rows = live.ratings(console.engine, console.study.name)
        # Recorded first: if the screen fails afterwards, one look too many is counted, not too few.
        if rows:
            live.note_look(console.engine, console.study_id, request.username or "", rows)
        system_means = console.statistics.means(rows) if rows else []
        if system_means is None:
            return [_NO_STATISTICS, gr.update(visible=False)]
        lines = [
            [
                m.question,
                m.system,
                m.role.replace("_", " "),
                m.ratings,
                f"{m.mean:.1f}",
                f"{m.low:.1f} to {m.high:.1f}",
            ]
            for m in system_means
        ]
        number = len(live.looks(console.engine, console.study_id))
        words = f"Look number {number} is recorded." if rows else "There are no ratings yet."
        return [words, gr.update(visible=bool(lines), value=lines)]

    look.click(results, None, [message, means], **EVENT)
