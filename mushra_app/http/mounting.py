"""Gradio pages with every unused feature switched off."""

from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.themes import Base

# Gradio's values for Windows. Elsewhere it looks into its queue every ms, which costs an idle
# server several percent of a core.
QUEUE_POLL_S = 0.05
PROGRESS_POLL_S = 0.1


def mounted(app: FastAPI, blocks: gr.Blocks, path: str, large: bool, **options: Any) -> FastAPI:
    """Mount a page without uploads, files, queue monitoring or external links.

    Args:
        app: the application.
        blocks: the page.
        path: path of the page.
        large: text for listeners rather than for a researcher's tables.
        options: further options of `gradio.mount_gradio_app`.
    """
    blocks._queue.sleep_when_free = QUEUE_POLL_S
    blocks._queue.progress_update_sleep_when_free = PROGRESS_POLL_S
    theme = Base(
        primary_hue="teal",
        neutral_hue="slate",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
        text_size="lg" if large else "md",
        radius_size="lg",
    )
    return gr.mount_gradio_app(
        app,
        blocks,
        path=path,
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size="1kb",
        allowed_paths=[],
        enable_monitoring=False,
        mcp_server=False,
        pwa=False,
        ssr_mode=False,
        theme=theme,
        **options,
    )
