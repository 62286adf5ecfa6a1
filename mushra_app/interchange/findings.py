"""What an import could not say, changed or added: printed, and kept beside the study."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from intone.documents import Closed
from intone.files import write_whole

Kind = Literal["lost", "changed", "added", "note"]


class Finding(Closed):
    """One thing that the study says differently from the file it was made of."""

    kind: Kind = Field(
        description="lost: the study does not say it; changed: it says it differently; added: it "
        "says something that the file did not; note: nothing that listeners meet is different"
    )
    page: str | None = Field(description="id of the page; none for the whole file")
    page_type: str | None = Field(description="type of the page as the file calls it")
    key: str | None = Field(description="key of the page; none for all of it")
    line: int | None = Field(description="line of the file, from 1")
    why: str = Field(description="what is different")
    instead: str = Field(description="what was done")
    value: Any = Field(default=None, description="what stood there, verbatim")


class StimulusOf(Closed):
    """Where a stimulus of the file went."""

    page: str
    label: str
    path: str
    sentence: str
    system: str
    kept: bool = Field(description="whether it is part of the stimulus set")


class ImportReport(Closed):
    """All that a reader of an imported study must know."""

    tool: str = Field(description="whose file it was")
    source: str = Field(description="name of the file, without its folder")
    source_sha256: str
    stimuli: list[StimulusOf]
    findings: list[Finding]

    def write(self, path: Path) -> Path:
        """Write the report as JSON."""
        text = json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False)
        return write_whole(path, text + "\n")


def report_lines(findings: Sequence[Finding], most_pages: int = 4) -> Iterable[str]:
    """One line for each difference; the same on several pages is one line that names them."""
    groups: dict[tuple[Any, ...], list[Finding]] = {}
    for found in findings:
        value = json.dumps(found.value, ensure_ascii=False, sort_keys=True)
        same = (found.kind, found.page_type, found.key, found.why, found.instead)
        groups.setdefault((*same, value), []).append(found)
    for (kind, page_type, key, why, instead, _), group in groups.items():
        lines = ", ".join(str(f.line) for f in group[:most_pages] if f.line)
        pages = [f.page for f in group if f.page is not None]
        named = ", ".join(pages[:most_pages])
        if len(pages) > most_pages:
            named += f" and {len(pages) - most_pages} more"
        where = [
            f"line {lines}" if lines else "",
            f"{page_type} {named}" if named else "",
            f"key {key}" if key else "",
        ]
        yield f"{kind}: {', '.join(w for w in where if w) or 'whole file'}: {why}; {instead}"
