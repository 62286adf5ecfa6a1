"""Welcome and consent, instructions, trial, end: columns of one Gradio page, one shown at a time.

Every event runs without Gradio's queue and state: the cookie says who asks, the database says
where they stand. A reload, a restart of the server or a second worker changes nothing.
"""

from dataclasses import dataclass
from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.themes import Base

from mushra_app.api import COOKIE
from mushra_app.pages.trial import trial_component
from mushra_app.progress import Progress, RefusedError
from mushra_app.security import MOUNT
from mushra_app.sittings import Sittings
from mushra_app.study import Study

_STAGES = ("lost", "consent", "declined", "instructions", "trial", "done")

INSTRUCTIONS = """\
# How it works

Each of the {pages} pages has one sentence, read in several versions.

1. Put on **headphones** and sit somewhere quiet.
2. Listen to the **reference** first: a recording to compare with.
3. Listen to versions A, B, C … as often as you like, in any order. You can switch at any time.
4. Move the slider of the version that you are hearing: **{prompt}**

Use the whole scale, from *Bad* to *Excellent*. One of the versions is the reference itself, so at
least one of them deserves a top score. The worst need not be *Bad*.

Your ratings are saved as you make them. If you close the page, the same link brings you back to
where you were.
"""


def mount(app: FastAPI, study: Study, sittings: Sittings, version: str) -> FastAPI:
    """Mount the listener's pages.

    Args:
        app: the application.
        study: the study.
        sittings: its sittings.
        version: digest in the address of the player's files.
    """
    return gr.mount_gradio_app(
        app,
        _blocks(study, sittings, version),
        path=MOUNT,
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size="1kb",
        allowed_paths=[],
        enable_monitoring=False,
        mcp_server=False,
        pwa=False,
        ssr_mode=False,
        theme=_theme(),
        head=f'<link rel="stylesheet" href="../player/{version}/page.css">'
        f'<script type="module" src="../player/{version}/page.js"></script>',
    )


def _theme() -> Base:
    return Base(
        primary_hue="teal",
        neutral_hue="slate",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
        text_size="lg",
        radius_size="lg",
    )


@dataclass(frozen=True)
class _Screens:
    """What stands on the page; `columns` in the order of `_STAGES`, one of them shown."""

    columns: list[gr.Column]
    welcome: gr.Markdown
    consent_version: gr.Textbox
    agree: gr.Button
    decline: gr.Button
    again: gr.Button
    ready: gr.Button
    player: gr.HTML
    thanks: gr.Markdown


def _screens(study: Study, version: str) -> _Screens:
    with gr.Column(visible=False, elem_classes="sheet") as lost:
        gr.Markdown(
            "# We do not know this browser yet\n\n"
            "Please open the link of the study again, and allow cookies for this page."
        )
    with gr.Column(visible=False, elem_classes="sheet") as consent:
        welcome = gr.Markdown(_welcome(study))
        agree = gr.Button("I agree and want to take part", variant="primary")
        decline = gr.Button("No, thank you", variant="secondary")
    with gr.Column(visible=False, elem_classes="sheet") as declined:
        gr.Markdown("# All right\n\nThank you for thinking about it. You can close this page.")
        again = gr.Button("I have changed my mind", variant="secondary")
    with gr.Column(visible=False, elem_classes="sheet") as instructions:
        gr.Markdown(INSTRUCTIONS.format(pages=study.pages_per_listener, prompt=study.prompt))
        ready = gr.Button("Start", variant="primary")
    with gr.Column(visible=False, elem_classes="wide") as trial:
        player = trial_component(version)
    with gr.Column(visible=False, elem_classes="sheet") as end:
        thanks = gr.Markdown()
    shown = gr.Textbox(study.consent.version, visible="hidden", label="Consent version")
    columns = [lost, consent, declined, instructions, trial, end]
    return _Screens(columns, welcome, shown, agree, decline, again, ready, player, thanks)


def _blocks(study: Study, sittings: Sittings, version: str) -> gr.Blocks:
    with gr.Blocks(title=study.title, analytics_enabled=False) as blocks:
        screens = _screens(study, version)

        def view(cookie: str | None, consent: bool = False) -> list[Any]:
            try:
                progress = sittings.progress(cookie)
            except RefusedError:
                progress = None
            shown = "consent" if consent and progress else progress.stage if progress else "lost"
            page = progress.page if progress and shown == "trial" else None
            visible = [gr.update(visible=stage == shown) for stage in _STAGES]
            text = [_welcome(study), study.consent.version]
            return [*visible, *text, {"page": page}, _thanks(progress)]

        def show(request: gr.Request) -> list[Any]:
            return view(request.cookies.get(COOKIE))

        def decide(agrees: bool, version: str, request: gr.Request) -> list[Any]:
            cookie = request.cookies.get(COOKIE)
            try:
                sittings.consent(cookie, version, agrees)
            except RefusedError:
                # Nobody agrees to a text that they did not see: the one in force is shown.
                return view(cookie, consent=True)
            return view(cookie)

        def accept(version: str, request: gr.Request) -> list[Any]:
            return decide(True, version, request)

        def refuse(version: str, request: gr.Request) -> list[Any]:
            return decide(False, version, request)

        def start(request: gr.Request) -> list[Any]:
            cookie = request.cookies.get(COOKIE)
            try:
                sittings.instructed(cookie)
            except RefusedError:
                return view(None)
            return view(cookie)

        triggers = [
            (blocks.load, show, None),
            (screens.agree.click, accept, screens.consent_version),
            (screens.decline.click, refuse, screens.consent_version),
            (screens.again.click, accept, screens.consent_version),
            (screens.ready.click, start, None),
            (screens.player.submit, show, None),
        ]
        outputs = [*screens.columns, screens.welcome, screens.consent_version]
        for trigger, function, inputs in triggers:
            trigger(
                function,
                inputs,
                [*outputs, screens.player, screens.thanks],
                queue=False,
                api_visibility="private",
                show_progress="hidden",
            )
    return blocks


def _welcome(study: Study) -> str:
    return f"# {study.title}\n\n{study.consent.text}"


def _thanks(progress: Progress | None) -> str:
    if progress is None or progress.stage != "done":
        return ""
    return (
        "# Thank you\n\nAll your ratings are saved. You can close this page.\n\n"
        f"Your completion code: **{progress.completion_code}**"
    )
