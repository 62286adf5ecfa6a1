"""A report that keeps itself up to date while a study runs."""

import time
from collections.abc import Callable
from pathlib import Path

from intone.errors import UserError


def fingerprint(ratings: str) -> tuple[tuple[int, int], ...] | None:
    """Return size and time of the file and its write-ahead log.

    None for a database URL, which does not show from outside whether it changed.
    """
    if "://" in ratings:
        return None
    states = []
    for path in (Path(ratings), Path(f"{ratings}-wal")):
        if path.is_file():
            seen = path.stat()
            states.append((seen.st_size, seen.st_mtime_ns))
    return tuple(states)


def watch(
    ratings: str,
    make: Callable[[], Path],
    say: Callable[[str], None],
    seconds: float,
    goes_on: Callable[[], bool] = lambda: True,
) -> None:
    """Make the report whenever ratings have come in, until interrupted.

    Ratings that cannot be analysed yet (too few) are reported and tried again.

    Args:
        ratings: file or database URL.
        make: writes the report.
        say: tells the user.
        seconds: between two looks at the file.
        goes_on: asked before every look; false ends the watch.
    """
    last: object = "never"
    while goes_on():
        now = fingerprint(ratings)
        if now is None or now != last:
            last = now
            moment = time.strftime("%H:%M:%S")
            try:
                say(f"{moment} report: {make()}")
            except UserError as error:
                say(f"{moment} not yet: {error}")
        time.sleep(seconds)
