"""Researcher's pages of the application: login, files, and a Gradio page."""

from pathlib import Path

import gradio as gr
from fastapi import FastAPI

from mushra_app.admin.accounts import Accounts
from mushra_app.admin.console import Console, html_block
from mushra_app.admin.files import file_routes
from mushra_app.admin.gate import WHO
from mushra_app.admin.login_routes import login_routes
from mushra_app.admin.sheets import render
from mushra_app.admin.tabs.live import live_tab
from mushra_app.admin.tabs.records import download_tab, remarks_tab
from mushra_app.admin.tabs.replay import replay_tab
from mushra_app.admin.tabs.study import study_tab
from mushra_app.http.addresses import ADMIN
from mushra_app.http.mounting import mounted


def mount_admin(app: FastAPI, console: Console, accounts: Accounts) -> FastAPI:
    """Mount the researcher's pages at /admin, behind the guard of the application.

    Args:
        app: the application.
        console: the study.
        accounts: its account.
    """
    app.include_router(login_routes(console.context, accounts))
    app.include_router(file_routes(console.study, console.study_yaml))
    return mounted(
        app,
        _blocks(console),
        ADMIN,
        large=False,
        # A second check: a request that did not pass the gate has no name, and Gradio answers 401.
        auth_dependency=lambda request: request.scope.get(WHO),
        css=(Path(__file__).parent / "admin.css").read_text("utf-8"),
    )


def _blocks(console: Console) -> gr.Blocks:
    with gr.Blocks(title=f"{console.study.name}: study", analytics_enabled=False) as blocks:
        with gr.Row(elem_classes="head"):
            gr.Markdown(f"# {console.study.title}\n\n{console.study.name}")
            html_block(render("logout.html"))
        with gr.Tabs():
            with gr.Tab("Study"):
                study_tab(console, blocks)
            with gr.Tab("Live") as live:
                live_tab(console, live)
            with gr.Tab("Replay") as replay:
                replay_tab(console, replay)
            with gr.Tab("Remarks") as remarks:
                remarks_tab(console, remarks)
            with gr.Tab("Download"):
                download_tab()
    return blocks
