"""Tab with state, links and file of the study."""

import re

import gradio as gr
from sqlalchemy import Engine, select, update

from intone.errors import UserError
from mushra_app.admin.console import EVENT, Console, html_block
from mushra_app.admin.sheets import render
from mushra_app.store.database import transaction
from mushra_app.store.tables import StudyRow
from mushra_app.study.file import read_study

_STATES = {
    "open": "**Open.** Every listener with the link can take part.",
    "paused": "**Paused.** Listeners read that the test is closed for now; the page that they are "
    "rating is still saved, and they can continue once it is open again.",
    "closed": "**Closed.** Listeners read that the test is closed. It can be opened again.",
}
_BUTTONS = {"open": "Open", "paused": "Pause", "closed": "Close"}
_PLATFORMS = {
    "prolific": "?PROLIFIC_PID={{%PROLIFIC_PID%}}",
    "mturk": "?workerId=${workerId}",
    "sona": "?survey_code=%SURVEY_CODE%",
}
_MOST_LINKS = 500


def read_state(engine: Engine, study_id: int) -> str:
    """Return the state of a study: open, paused or closed."""
    with transaction(engine) as session:
        state = session.scalar(select(StudyRow.state).where(StudyRow.id == study_id))
        assert state is not None
        return state


def write_state(engine: Engine, study_id: int, state: str) -> None:
    """Open, pause or close a study."""
    if state not in _STATES:
        raise ValueError(state)
    with transaction(engine) as session:
        session.execute(update(StudyRow).where(StudyRow.id == study_id).values(state=state))


def check_file(console: Console) -> str:
    """Return Markdown with the problems of the present study file."""
    problems = list(console.context.manifest.warnings)
    try:
        if read_study(console.study_yaml) != console.study:
            problems.insert(
                0, "The file was changed after this server started; restart the server."
            )
    except UserError as error:
        problems.insert(0, f"{error}.".replace(f"{console.study_yaml.parent}/", ""))
    if not problems:
        return "The file is valid, and the one that this server runs."
    return "\n".join(f"- {line}" for line in problems)


def shown_file(console: Console) -> str:
    """Return the study file, without the password of its database."""
    try:
        text = console.study_yaml.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    return re.sub(r"(://[^:/@\s]+):[^@\s]+@", r"\1:***@", text)


def study_tab(console: Console, blocks: gr.Blocks) -> None:
    """Fill the tab."""
    engine, study_id = console.engine, console.study_id
    with gr.Row(elem_classes="parts"):
        with gr.Column(elem_classes="card"):
            gr.Markdown("## State")
            state = gr.Markdown()
            with gr.Row():
                buttons = {
                    key: gr.Button(name, size="md", min_width=80) for key, name in _BUTTONS.items()
                }
        with gr.Column(elem_classes="card"):
            gr.Markdown("## Look at it")
            html_block(render("preview.html"))
    with gr.Column(elem_classes="card"):
        links = gr.Markdown()
        if console.study.access == "invited":
            _invitations(console)
    with gr.Column(elem_classes="card"):
        gr.Markdown("## Study file")
        checked = gr.Markdown()
        with gr.Accordion(console.study_yaml.name, open=False):
            file = gr.Code(language="yaml", interactive=False, show_label=False, max_lines=30)
        html_block(render("another_study.html"))

    def shown() -> list[object]:
        now_in = read_state(engine, study_id)
        updates = [gr.update(interactive=key != now_in) for key in _BUTTONS]
        return [_STATES[now_in], *updates]

    def load(request: gr.Request) -> list[object]:
        file_now = [check_file(console), shown_file(console)]
        return [*shown(), _links(console, address(request)), *file_now]

    states = [state, *buttons.values()]
    blocks.load(load, None, [*states, links, checked, file], **EVENT)
    for key, button in buttons.items():

        def turn(to: str = key) -> list[object]:
            write_state(engine, study_id, to)
            return shown()

        button.click(turn, None, states, api_name=key, **EVENT)


def _links(console: Console, home: str) -> str:
    platform = console.study.recruiting.platform
    markdown = f"## Links\n\nFor listeners\n\n```text\n{home}\n```"
    if platform in _PLATFORMS:
        filled = f"```text\n{home}{_PLATFORMS[platform]}\n```"
        markdown += f"\n\nFor {platform.capitalize()}, which fills in its own id\n\n{filled}"
    return markdown


def _invitations(console: Console) -> None:
    gr.Markdown("Only listeners with their own link take part. Links are shown once: keep them.")
    with gr.Row():
        number = gr.Number(10, label="How many", minimum=1, maximum=_MOST_LINKS, precision=0)
        make = gr.Button("Make links", variant="secondary")
    links = gr.Code(language=None, label="One for each listener", interactive=False)

    def made(wanted: float, request: gr.Request) -> str:
        from mushra_app.sitting.invitations import invite

        count = max(1, min(_MOST_LINKS, int(wanted or 1)))
        return "\n".join(invite(console.study_yaml, count, address(request)))

    make.click(made, number, links, **EVENT)


def address(request: gr.Request) -> str:
    """Return the address of the listening test as this browser reaches it."""
    assert request.request is not None
    return str(request.request.url).partition("/admin/")[0] + "/"
