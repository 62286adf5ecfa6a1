"""Tab with one page of one listener, event by event."""

from typing import Any

import gradio as gr

from mushra_app.admin import live, replay
from mushra_app.admin.console import EVENT, Console, html_block, table
from mushra_app.admin.timeline_svg import draw

_KEY = (
    "Bars: what was heard. Dots: ratings. Triangles: the loop was moved. Grey: the page was not in "
    "front. Versions have the letters that the listener saw."
)


def replay_tab(console: Console, tab: gr.Tab) -> None:
    """Fill the tab."""
    engine, study_id = console.engine, console.study_id
    with gr.Row(elem_classes="parts"):
        # Sittings that began after the page was loaded are allowed, too; the database is asked.
        who = gr.Dropdown(label="Sitting", choices=[], allow_custom_value=True)
        page = gr.Dropdown(label="Page", choices=[], allow_custom_value=True)
    with gr.Column(elem_classes="card"):
        picture = html_block()
        words = gr.Markdown()
        step = gr.Slider(0, replay.MOST_EVENTS, 0, step=1, label="Events up to here")
        gr.Markdown(_KEY, elem_classes="soft")
    events = table("Events", ["No.", "At, s", "What", "Which"], max_height=420)

    def sittings(chosen: str | None) -> list[Any]:
        known = [
            (f"{s.pseudonym} · {s.status} · {s.page} of {s.pages}", s.pseudonym)
            for s in live.sittings(engine, study_id)
            if s.pages
        ]
        values = [value for _, value in known]
        first = chosen if chosen in values else next(iter(values), None)
        return [gr.update(choices=known, value=first), *pages(first)]

    def pages(chosen: str | None) -> list[Any]:
        known = replay.pages(engine, study_id, chosen) if chosen else []
        first = known[0][0] if known else None
        choices = [(name, index) for index, name in known]
        return [gr.update(choices=choices, value=first), *whole(chosen, first)]

    def whole(chosen: str | None, index: Any) -> list[Any]:
        timeline = _timeline(console, chosen, index)
        if timeline is None or not timeline.steps:
            text = "No events of this page." if chosen else "No listener has begun yet."
            return ["", text, gr.update(value=0, maximum=1), []]
        number = len(timeline.steps)
        rows = [[i + 1, f"{s.at_s:.2f}", s.kind, s.details] for i, s in enumerate(timeline.steps)]
        cut = f" Only the first {number} events are shown." if timeline.cut else ""
        text = f"{number} events in {timeline.end_s:.0f} s.{cut}"
        return [draw(timeline), text, gr.update(value=number, maximum=number), rows]

    def moment(chosen: str | None, index: Any, number: float) -> list[Any]:
        timeline = _timeline(console, chosen, index)
        if timeline is None or not timeline.steps:
            return ["", ""]
        at = replay.state(timeline, int(number))
        return [draw(timeline, at["at_s"]), _in_words(timeline, int(number), at)]

    shown = [picture, words, step, events]
    tab.select(sittings, who, [who, page, *shown], **EVENT)
    who.input(pages, who, [page, *shown], **EVENT)
    page.input(whole, [who, page], shown, **EVENT)
    step.input(moment, [who, page, step], [picture, words], trigger_mode="always_last", **EVENT)


def _timeline(console: Console, chosen: str | None, index: Any) -> replay.Timeline | None:
    if not chosen or not isinstance(index, int):
        return None
    return replay.page_timeline(console.engine, console.study_id, chosen, index)


def _in_words(timeline: replay.Timeline, number: int, at: dict[str, Any]) -> str:
    heard = "silence" if at["heard"] is None else replay.letter(at["heard"])
    scores = ", ".join(f"{replay.letter(v)} {s}" for v, s in sorted(at["scores"].items()))
    events = len(timeline.steps)
    away = " The page was not in front." if at["away"] else ""
    return (
        f"**{at['at_s']:.1f} s**, event {min(number, events)} of {events}: "
        f"{heard}. Scores: {scores or 'none yet'}.{away}"
    )
