"""Atomic writes, digests, and folders locked by one process."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from intone.errors import UserError


def write_whole(path: Path, text: str) -> Path:
    """Write a text file in one step.

    Readers see the old content or the new one, never a part.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(path.name + ".part")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(path)
    return path


def whole_lines(path: Path) -> list[str]:
    """Return the complete lines of a file that is appended to.

    A missing file has none.

    A line that was being written when the process died has no end and is left out.
    """
    text = path.read_bytes() if path.is_file() else b""
    # Not splitlines: JSON strings may hold other characters that end a line, such as U+2028.
    return text[: text.rfind(b"\n") + 1].decode("utf-8").split("\n")[:-1]


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a scratch folder that becomes `folder` when all is written.

    After an error nothing is left of it; after a kill, the same folder's next one removes it.
    """
    # Hidden, so that no search for `step-*` takes it for a checkpoint.
    scratch = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        yield scratch
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    scratch.rename(folder)


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Lock a folder for this process until it ends.

    Raises:
        UserError: another process works in it.
    """
    # Imported late: the contracts must also be readable where there is no fcntl.
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError(
                f"{folder}: in use by another process; wait for it, or choose another folder"
            ) from error
        yield
