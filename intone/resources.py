"""Where the project's shipped data and the machine's cache stand."""

import os
from pathlib import Path


def data_path(*parts: str) -> Path:
    """Path of a shipped resource: `data/` of the checkout, or its copy in an installed wheel."""
    package = Path(__file__).parent
    root = package / "data"
    if not root.is_dir():
        root = package.parent / "data"
    return root.joinpath(*parts)


def cache_path(*parts: str) -> Path:
    """Path under the cache folder: `INTONE_CACHE`, by default `~/.cache/intone`."""
    root = Path(os.environ.get("INTONE_CACHE", "~/.cache/intone")).expanduser()
    return root.joinpath(*parts)


def corpora_path(*parts: str) -> Path:
    """Path under the folder of corpora that are already here: `INTONE_CORPORA`.

    Without the variable it is `../shared/corpora`, seen from the checkout.
    """
    named = os.environ.get("INTONE_CORPORA")
    root = Path(named).expanduser() if named else Path(__file__).parents[2] / "shared" / "corpora"
    return root.joinpath(*parts)
