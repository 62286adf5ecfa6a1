"""Log of the finished parts of a long, resumable job."""

import hashlib
import json
from pathlib import Path

from intone.errors import UserError
from intone.files import whole_lines, write_whole


class JobLog:
    """Text file: the digest of a job's settings, a line per part.

    Args:
        path: of the file; made if it is missing.
        settings: everything that decides the job's results, as JSON values.

    Attributes:
        lines: of the parts that were finished before.

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
        """Append one finished part, as JSON without line ends."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def remove(self) -> None:
        """Remove the file once the job's results are written elsewhere."""
        self.path.unlink()
