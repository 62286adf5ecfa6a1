"""Welcome and consent, the pages of the sitting, its end: columns of one Gradio page.

Every event runs without Gradio's queue and state: the cookie says who asks, the database says
where they stand. A reload, a restart of the server or a second worker changes nothing.
"""

from dataclasses import dataclass
from typing import Any

import gradio as gr
from fastapi import FastAPI

from mushra_app.design.allocation import allocate
from mushra_app.design.plan import minutes
from mushra_app.http.addresses import LISTENER_COOKIE, MOUNT
from mushra_app.http.errors import RefusedError
from mushra_app.http.mounting import mounted
from mushra_app.sitting.sittings import Sittings
from mushra_app.study.file import Study
from mushra_app.study.texts import said
from mushra_app.web.pages.endings import ENDINGS, ending
from mushra_app.web.pages.trial import trial_component

_STAGES = ("lost", "consent", "declined", "page", "done", "screened_out", "withdrawn", "closed")


def mount(app: FastAPI, study: Study, sittings: Sittings, version: str) -> FastAPI:
    """Mount the listener's pages.

    Args:
        app: the application.
        study: the study.
        sittings: its sittings.
        version: digest in the address of the player's files.
    """
    return mounted(
        app,
        _blocks(study, sittings, version),
        MOUNT,
        large=True,
        head=f'<link rel="stylesheet" href="../player/{version}/page.css">'
        f'<link rel="stylesheet" href="../player/{version}/trial.css">'
        f'<script type="module" src="../player/{version}/page.js?language={study.language}">'
        "</script>",
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
    player: gr.HTML
    endings: dict[str, gr.Markdown]


def _screens(study: Study, version: str, words: str) -> _Screens:
    def t(key: str) -> str:
        return said(study.language, key)

    columns: dict[str, gr.Column] = {}
    endings: dict[str, gr.Markdown] = {}
    for stage in _STAGES:
        kind = "wide" if stage == "page" else "sheet"
        classes = [kind, f"stage-{stage}"]
        with gr.Column(visible=False, elem_classes=classes) as columns[stage]:
            if stage in ("lost", "closed"):
                gr.Markdown(t(stage))
            elif stage in ENDINGS:
                endings[stage] = gr.Markdown()
    with columns["consent"]:
        welcome = gr.Markdown(words)
        agree = gr.Button(t("consent_agree"), variant="primary")
        decline = gr.Button(t("consent_decline"), variant="secondary")
    with columns["declined"]:
        again = gr.Button(t("changed_mind"), variant="secondary")
    with columns["page"]:
        player = trial_component(version, study.language)
    shown = gr.Textbox(study.consent.version, visible="hidden", label="Consent version")
    return _Screens(list(columns.values()), welcome, shown, agree, decline, again, player, endings)


def _blocks(study: Study, sittings: Sittings, version: str) -> gr.Blocks:
    with gr.Blocks(title=study.title, analytics_enabled=False) as blocks:
        words = _welcome(study)
        screens = _screens(study, version, words)

        def view(cookie: str | None, consent: bool = False) -> list[Any]:
            try:
                progress = sittings.progress(cookie)
            except RefusedError:
                progress = None
            shown = "consent" if consent and progress else progress.stage if progress else "lost"
            page = progress.page if progress and shown == "page" else None
            visible = [gr.update(visible=stage == shown) for stage in _STAGES]
            own = sittings.platform_id(cookie) if progress else None
            end = ending(study, progress, own)
            ends = [end if stage == shown else "" for stage in screens.endings]
            return [*visible, words, study.consent.version, {"page": page}, *ends]

        def show(request: gr.Request) -> list[Any]:
            return view(request.cookies.get(LISTENER_COOKIE))

        def decide(agrees: bool, version: str, request: gr.Request) -> list[Any]:
            cookie = request.cookies.get(LISTENER_COOKIE)
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

        triggers = [
            (blocks.load, show, None),
            (screens.agree.click, accept, screens.consent_version),
            (screens.decline.click, refuse, screens.consent_version),
            (screens.again.click, accept, screens.consent_version),
            (screens.player.submit, show, None),
        ]
        outputs = [*screens.columns, screens.welcome, screens.consent_version, screens.player]
        for trigger, function, inputs in triggers:
            trigger(
                function,
                inputs,
                [*outputs, *screens.endings.values()],
                queue=False,
                api_visibility="private",
                show_progress="hidden",
            )
    return blocks


def _welcome(study: Study) -> str:
    """Title, how long it takes, and what is agreed to."""
    # The longest of the arms: nobody has been promised less than it takes.
    plans = [allocate(study, number) for number in range(max(1, len(study.arms)))]
    length = max(1, round(max(minutes(study, pages) for pages in plans)))
    about = said(study.language, "about_minutes", minutes=length)
    return f"# {study.title}\n\n{about}\n\n{study.consent.text}"
