"""Imports of every test server, made once in the parent process."""

import importlib
import os

os.environ |= {"OMP_NUM_THREADS": "1", "GRADIO_ANALYTICS_ENABLED": "False"}
os.environ |= {"GRADIO_RUN_HISTORY": "False", "HF_HUB_OFFLINE": "1"}
for name in (
    "alembic.command",
    "uvicorn",
    "mushra_app.web.pages.blocks",
    "mushra_app.rehearsal.run",
    "tests.mushra_app.support",
):
    importlib.import_module(name)
