"""Files that are written whole or not at all, their digests, and folders that one process owns."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from intone.errors import UserError


def write_whole(path: Path, text: str) -> Path:
    """Write a text file in one step: readers see the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(path.name + ".part")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(path)
    return path


def whole_lines(path: Path) -> list[str]:
    """The lines of a file to which lines are appended; none if it is not there.

    A line that was being written when the process died has no end and is left out.
    """
    text = path.read_bytes() if path.is_file() else b""
    # Not splitlines: JSON strings may hold other characters that end a line, such as U+2028.
    return text[: text.rfind(b"\n") + 1].decode("utf-8").split("\n")[:-1]


def sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A scratch folder that becomes `folder` when all is written."""
    scratch = folder.with_name(folder.name.split("-")[0] + ".part")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    yield scratch
    shutil.rmtree(folder, ignore_errors=True)
    scratch.rename(folder)


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Keep a folder to this process; the kernel lets go of it however the process ends.

    Raises:
        UserError: another process works in it.
    """
    # Only here: what reads the contracts must also run where there is no fcntl.
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError(
                f"{folder}: another process is working there; wait for it, or choose another folder"
            ) from error
        yield
