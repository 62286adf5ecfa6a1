"""Paths of the shipped data, the cache and the corpora."""

import os
from pathlib import Path


def data_path(*parts: str) -> Path:
    """Return the path of a shipped resource.

    Resources are in `data/` of the checkout or in its copy in an installed wheel.
    """
    package = Path(__file__).parent
    root = package / "data"
    if not root.is_dir():
        root = package.parent / "data"
    return root.joinpath(*parts)


def cache_path(*parts: str) -> Path:
    """Return a path under the cache folder: `INTONE_CACHE`, by default `~/.cache/intone`."""
    root = Path(os.environ.get("INTONE_CACHE", "~/.cache/intone")).expanduser()
    return root.joinpath(*parts)


def corpora_path(*parts: str) -> Path:
    """Return a path under the folder of local corpora: `INTONE_CORPORA`.

    Without the variable it is `../shared/corpora`, seen from the checkout.
    """
    named = os.environ.get("INTONE_CORPORA")
    root = Path(named).expanduser() if named else Path(__file__).parents[2] / "shared" / "corpora"
    return root.joinpath(*parts)
