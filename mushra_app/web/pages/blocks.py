"""Listener's screens (consent, pages, end) as columns of one Gradio page.

Every event runs without Gradio's queue and state: the cookie identifies the listener, the
database holds the progress. A reload, a restart of the server or a second worker changes nothing.
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
from mushra_app.sitting.consent import decide_consent
from mushra_app.sitting.context import StudyContext
from mushra_app.sitting.find import find_sitting, progress_of
from mushra_app.store.database import transaction
from mushra_app.study.file import Study
from mushra_app.study.texts import translated
from mushra_app.web.pages.endings import ENDINGS, ending
from mushra_app.web.pages.trial import trial_component

_STAGES = ("lost", "consent", "declined", "page", "done", "screened_out", "withdrawn", "closed")


def mount(app: FastAPI, context: StudyContext, version: str) -> FastAPI:
    """Mount the listener's pages.

    Args:
        app: the application.
        context: the study.
        version: digest in the address of the player's files.
    """
    language = context.study.language
    return mounted(
        app,
        _blocks(context, version),
        MOUNT,
        large=True,
        head=f'<link rel="stylesheet" href="../player/{version}/page.css">'
        f'<link rel="stylesheet" href="../player/{version}/trial.css">'
        f'<script type="module" src="../player/{version}/sheets.js?language={language}">'
        "</script>",
    )


@dataclass(frozen=True)
class _Screens:
    """Components of the page; one of the `columns` (see `_STAGES`) is shown."""

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
        return translated(study.language, key)

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


def _blocks(context: StudyContext, version: str) -> gr.Blocks:
    study = context.study
    with gr.Blocks(title=study.title, analytics_enabled=False) as blocks:
        words = _welcome(study)
        screens = _screens(study, version, words)

        def view(cookie: str | None, consent: bool = False) -> list[Any]:
            with transaction(context.engine) as session:
                sitting = find_sitting(context, session, cookie)
                progress = progress_of(context, session, sitting) if sitting else None
                platform_id = sitting.external_id if sitting else None
            shown = "consent" if consent and progress else progress.stage if progress else "lost"
            page = progress.page if progress and shown == "page" else None
            visible = [gr.update(visible=stage == shown) for stage in _STAGES]
            end = ending(study, progress, platform_id)
            ends = [end if stage == shown else "" for stage in screens.endings]
            return [*visible, words, study.consent.version, {"page": page}, *ends]

        def show(request: gr.Request) -> list[Any]:
            return view(request.cookies.get(LISTENER_COOKIE))

        def decide(agrees: bool, version: str, request: gr.Request) -> list[Any]:
            cookie = request.cookies.get(LISTENER_COOKIE)
            try:
                decide_consent(context, cookie, version, agrees)
            except RefusedError:
                # Consent needs the text in force: it is shown now.
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
    """Return the title, the duration and the consent text."""
    # The longest of the arms: the promised time is never too short.
    plans = [allocate(study, number) for number in range(max(1, len(study.arms)))]
    length = max(1, round(max(minutes(study, pages) for pages in plans)))
    about = translated(study.language, "about_minutes", minutes=length)
    return f"# {study.title}\n\n{about}\n\n{study.consent.text}"
