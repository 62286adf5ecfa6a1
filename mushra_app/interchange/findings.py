"""Report of an import: what was lost, changed or added."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from intone.documents import Closed
from intone.files import write_whole

Kind = Literal["lost", "changed", "added", "note"]


class Finding(Closed):
    """Difference between an imported study and its source file."""

    kind: Kind = Field(
        description="lost: not in the study; changed: different in the study; added: not in the "
        "file; note: nothing is different for listeners"
    )
    page: str | None = Field(description="id of the page; none for the whole file")
    page_type: str | None = Field(description="type of the page as the file calls it")
    key: str | None = Field(description="key of the page; none for all of it")
    line: int | None = Field(description="line of the file, from 1")
    why: str = Field(description="what is different")
    instead: str = Field(description="what was done")
    value: Any = Field(default=None, description="the value in the file, verbatim")


class StimulusOf(Closed):
    """Stimulus of the source file, with its sentence and system."""

    page: str
    label: str
    path: str
    sentence: str
    system: str
    kept: bool = Field(description="true if it is part of the stimulus set")


class ImportReport(Closed):
    """Report that is written beside an imported study."""

    tool: str = Field(description="tool that the file is for")
    source: str = Field(description="name of the file, without its folder")
    source_sha256: str
    stimuli: list[StimulusOf]
    findings: list[Finding]

    def write(self, path: Path) -> Path:
        """Write the report as JSON."""
        text = json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False)
        return write_whole(path, text + "\n")


def report_lines(findings: Sequence[Finding], most_pages: int = 4) -> Iterable[str]:
    """Yield a line per difference; equal ones on several pages share one."""
    groups: dict[tuple[Any, ...], list[Finding]] = {}
    for finding in findings:
        value = json.dumps(finding.value, ensure_ascii=False, sort_keys=True)
        key = (finding.kind, finding.page_type, finding.key, finding.why, finding.instead, value)
        groups.setdefault(key, []).append(finding)
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
