"""What is done of a long job, line by line, so that the same command goes on where it was."""

import hashlib
import json
from pathlib import Path

from intone.errors import UserError
from intone.files import whole_lines, write_whole


class Journal:
    """A text file: the digest of the job's settings, then one line for each finished thing.

    Args:
        path: of the file; made if it is not there.
        settings: whatever decides the job's results, as JSON values.

    Attributes:
        lines: what was noted before.

    Raises:
        UserError: the file was begun with other settings, so that results would be a mixture.
    """

    def __init__(self, path: Path, settings: object) -> None:
        self.path = path
        digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
        begun, *self.lines = whole_lines(path) or [digest]
        if begun != digest:
            raise UserError(
                f"{path.parent}: was begun with other settings; use those, or remove the folder"
            )
        write_whole(path, "".join(f"{line}\n" for line in [begun, *self.lines]))

    def append(self, line: str) -> None:
        """Note one finished thing; JSON without line ends."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def remove(self) -> None:
        """The job is finished and its results stand elsewhere."""
        self.path.unlink()
