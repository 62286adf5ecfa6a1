"""How the study is going, and the recorded look at its results."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import gradio as gr
import pandas as pd

from mushra_app.admin import live
from mushra_app.admin.console import EVENT, Console, drawn, figures, table
from mushra_app.design.precision import Design

_NO_STATISTICS = "The statistics are not installed; `pip install 'intone[analysis]'` brings them."
_NO_LOOK = (
    "Counts, times and flags say nothing of how systems differ, so looking at them is no look at "
    "the results."
)
_LOOK = (
    "Whoever tests at every look finds differences that are not there. So every look is recorded, "
    "with your name and how many ratings there were, and the report says how often it was done."
)
_SITTINGS = [
    "Sitting", "Arm", "Status", "Pages", "Device", "Headphones", "Last seen (UTC)", "Minutes",
]  # fmt: skip


def live_tab(console: Console, tab: gr.Tab) -> None:
    """Fill the tab; it is read anew whenever it is opened."""
    with gr.Row(elem_classes="bar"):
        refresh = gr.Button("Refresh", size="md", variant="secondary")
        again = gr.Checkbox(False, label="every 30 seconds", container=False)
        at = gr.Markdown(elem_classes="soft")
    top = drawn()
    gr.Markdown(_NO_LOOK, elem_classes="soft")
    sittings = table(f"Sittings (the newest {live.MOST_SITTINGS})", _SITTINGS, max_height=420)
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
    engine, study_id = console.engine, console.row.id
    rows = live.ratings(engine, console.study.name)
    flags, notes = _flags(console, rows)
    return [
        f"as of {datetime.now(UTC):%H:%M:%S} UTC",
        figures(_tally(live.tally(engine, study_id))),
        [
            [s.pseudonym, s.arm, s.status, f"{s.page} of {s.pages}" if s.pages else "", s.device,
             s.headphones, s.seen_at[:16].replace("T", " "), f"{s.minutes:.1f}"]
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
    ]  # fmt: skip


def _tally(counted: dict[str, int]) -> dict[str, int | float | str]:
    names = {
        "listening": "listening now", "completed": "finished", "away": "away",
        "declined": "declined", "screened out": "screened out", "withdrawn": "withdrawn",
    }  # fmt: skip
    return {"came": sum(counted.values()), **{said: counted.get(k, 0) for k, said in names.items()}}


def _flags(console: Console, rows: Sequence[dict[str, Any]]) -> tuple[list[list[str]], str]:
    if not rows:
        return [], "Screening: no ratings yet."
    found = console.statistics.screen(rows)
    if found is None:
        return [], f"Screening: {_NO_STATISTICS}"
    flags = [
        [listener, reason]
        for one in found
        for listener, reasons in one.flags.items()
        for reason in reasons
    ]
    notes = [f"{one.question}: rule {one.rule}. {' '.join(one.notes)}" for one in found]
    return flags, "Screening: " + " ".join(notes)


def heat(console: Console, counts: dict[str, dict[str, int]]) -> Any:
    """Sentences by systems, the more ratings the darker; empty cells of the design are zeros."""
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
    finished = live.tally(console.engine, console.row.id).get("completed", 0)
    if finished < 2 or texts < 2:
        return "Precision: two listeners who finished two sentences are needed to say anything."
    pages = min(texts, console.study.pages_per_listener)
    found = console.statistics.precision(Design(finished, texts, pages))
    if found is None:
        return f"Precision: {_NO_STATISTICS}"
    return (
        f"**Precision so far.** With {finished} listeners, {pages} pages each, {texts} sentences: "
        f"standard error of a difference of two systems {found.se:.1f} points; a true difference "
        f"of {found.detectable:.1f} points would be found with 80 % probability. {found.assumed}. "
        "This is computed from the size of the study, not from its scores."
    )


def _results(console: Console) -> None:
    with gr.Column(elem_classes="card"):
        gr.Markdown(f"## Results so far\n\n{_LOOK}")
        look = gr.Button("Look at the results (recorded)", variant="secondary", size="md")
        said = gr.Markdown()
        means = table(
            "System means, points",
            ["Question", "System", "Role", "Ratings", "Mean", "95 % interval"],
            visible=False,
        )  # fmt: skip

    def results(request: gr.Request) -> list[Any]:
        rows = live.ratings(console.engine, console.study.name)
        # Recorded first: a look that fails on the way to the screen is one too many, not too few.
        if rows:
            live.note_look(console.engine, console.row.id, request.username or "", rows)
        found = console.statistics.means(rows) if rows else []
        if found is None:
            return [_NO_STATISTICS, gr.update(visible=False)]
        lines = [
            [m.question, m.system, m.role.replace("_", " "), m.ratings, f"{m.mean:.1f}",
             f"{m.low:.1f} to {m.high:.1f}"]
            for m in found
        ]  # fmt: skip
        number = len(live.looks(console.engine, console.row.id))
        told = f"Look number {number} is recorded." if rows else "There are no ratings yet."
        return [told, gr.update(visible=bool(lines), value=lines)]

    look.click(results, None, [said, means], **EVENT)
