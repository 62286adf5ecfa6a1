"""Ownership and state of a preparation's folder.

    prepared.json  a finished preparation, with its `shards/`
    .work/         an unfinished one; `.work/inputs` says of which inputs its contents are

Every state between two of the steps below is one of these, or an empty folder.
"""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from intone.errors import UserError
from intone.files import sha256, write_whole
from intone.progress import Progress, silent
from tts_core.corpus import shards
from tts_core.corpus.shards import PreparedInfo
from tts_core.types import Recording

WORK = ".work"
_MARK = "inputs"
_LOCK = ".lock"


def inputs_digest(
    settings: object,
    recordings: Sequence[Recording],
    progress: Progress = silent,
) -> str:
    """Return a digest of everything that a preparation depends on.

    The folder of the corpus is no part of it.

    Args:
        settings: JSON value.
        recordings: of the corpus.
        progress: receives how many files are read.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for number, r in enumerate(recordings, start=1):
        about = [getattr(r, field.name) for field in fields(r) if field.name != "path"]
        digest.update(json.dumps(about).encode())
        path = Path(r.path)
        if path.is_file():
            digest.update(sha256(path).encode())
        progress("reading recordings", number, len(recordings))
    return digest.hexdigest()[:16]


def finished(out: Path, digest: str) -> PreparedInfo | None:
    """Return the preparation of these inputs if `out` holds it complete."""
    try:
        info = shards.read_info(out)
    except UserError:
        return None  # of another version, so not the same preparation
    if info is None or info.inputs_digest != digest:
        return None
    return info if all((out / "shards" / name).is_file() for name in info.shards) else None


def refuse_foreign(out: Path) -> None:
    """Refuse a folder that is not ours to write to.

    Raises:
        UserError: `out` is a file or holds something else than a preparation.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: is a file; give a folder to write to")
    foreign = out.is_dir() and any(path.name != _LOCK for path in out.iterdir())
    if foreign and not ((out / WORK).is_dir() or (out / shards.FILE).is_file()):
        raise UserError(f"{out}: holds other files; give an empty or a new folder to write to")


def claim(out: Path, digest: str) -> Path:
    """Make `out` ready; unfinished work of the same inputs stays.

    Returns:
        the folder for unfinished work.

    Raises:
        UserError: `out` is a file or holds something else than a preparation.
    """
    refuse_foreign(out)
    work, mark = out / WORK, out / WORK / _MARK
    if mark.is_file() and mark.read_text(encoding="utf-8") == digest:
        return work
    # In this order: from the first step on the folder is known as ours, from the second on
    # nothing in it is taken for a preparation's unfinished work.
    work.mkdir(parents=True, exist_ok=True)
    mark.unlink(missing_ok=True)
    (out / shards.FILE).unlink(missing_ok=True)
    shutil.rmtree(out / "shards", ignore_errors=True)
    for old in work.iterdir():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    (work / "wavs").mkdir()
    write_whole(mark, digest)
    return work


def release(out: Path) -> None:
    """Remove the unfinished work.

    Its mark goes first, so that half of it is never used.
    """
    (out / WORK / _MARK).unlink(missing_ok=True)
    shutil.rmtree(out / WORK, ignore_errors=True)
