"""Journal of measured values, so that an interrupted run resumes."""

import json
from pathlib import Path

from intone.files import whole_lines, write_whole

Values = dict[str, float | int | str | None]


class Journal:
    """Values by key, appended when measured and read by the next run.

    Args:
        path: the journal's file; made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.values: dict[str, Values] = {}
        lines = whole_lines(path)
        write_whole(path, "".join(f"{line}\n" for line in lines))
        for row in map(json.loads, lines):
            self._merge(row["key"], row["values"])

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def get(self, key: str) -> Values:
        """Return everything known under a key."""
        return self.values.get(key, {})

    def add(self, key: str, values: Values) -> None:
        """Keep values under a key, beside those that are there."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "values": values}, ensure_ascii=False) + "\n")
        self._merge(key, values)

    def _merge(self, key: str, values: Values) -> None:
        self.values[key] = {**self.values.get(key, {}), **values}
