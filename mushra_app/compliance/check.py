"""Report of `intone study check`: sounds, anchors' filters, the standard."""

import io
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from intone.contracts import StimulusSet
from intone.contracts.bs1534 import CAUTION, DEPARTS, ComplianceRow
from intone.documents import Closed, read
from intone.errors import UserError
from intone.files import write_whole
from mushra_app.compliance.sounds import mask_text
from mushra_app.compliance.table import compliance_rows, is_mushra, label
from mushra_app.sounds.preflight import NO_RECOGNISER, Preflight, Progress, preflight
from mushra_app.sounds.preflight_rules import Finding
from mushra_app.sounds.recognised import FindRecogniser
from mushra_app.study.file import LOW, MID, conditions, read_study
from mushra_app.study.manifest import audio_folder

if TYPE_CHECKING:
    from rich.console import Console

FILE_NAME = "check.json"
_COLOURS = {"met": "green", "departs": "red", "you must report": "yellow"}


class Report(Closed):
    """`check.json`."""

    version: Literal[1] = 1
    study: str
    summary: str = Field(description="what listeners would meet")
    ready: bool = Field(description="whether it can be served")
    label: str = Field(description="what a report may call the test")
    mushra: bool = Field(description="whether it may be called MUSHRA")
    sounds: Preflight
    compliance: list[ComplianceRow]
    caution: str = CAUTION

    @property
    def verdict(self) -> str:
        """Return the sentence that names the test for a report."""
        departs = sum(row.status == DEPARTS for row in self.compliance)
        if not self.mushra:
            return (
                f"Report this test as: {self.label}. Without a given and hidden reference and both "
                "anchors on every page it is not MUSHRA."
            )
        with_them = f", with its {departs} departures named" if departs else ""
        return f"Report this test as: {self.label}{with_them}."


def check_study(
    study_yaml: Path,
    find_recogniser: FindRecogniser | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check a study and write `check.json` and `check.md` beside its sounds.

    Args:
        study_yaml: the study file.
        find_recogniser: returns a recogniser for a language, or None; without a recogniser, texts
            are not compared.
        progress: called with what is done, files done and files in all.

    Raises:
        UserError: the study file or the stimulus set cannot be read.
    """
    study = read_study(study_yaml)
    folder = audio_folder(study_yaml)
    recogniser = None
    if find_recogniser:
        stimuli = StimulusSet.read((study_yaml.parent / study.stimuli).resolve(), verify=False)
        recogniser = find_recogniser(stimuli.language)
    recognised = _recognised_before(folder, recogniser.name) if recogniser else {}
    sounds = preflight(study, study_yaml, recogniser, progress, recognised)
    report = Report(
        study=study.name,
        summary=f"{len(study.sentences)} sentences, {len(conditions(study))} versions of each, "
        f"{study.pages_per_listener} pages per listener",
        ready=not sounds.errors,
        label=label(study),
        mushra=is_mushra(study),
        sounds=sounds,
        compliance=compliance_rows(study, sounds),
    )
    write_whole(folder / FILE_NAME, report.model_dump_json(indent=1) + "\n")
    write_whole(folder / "check.md", markdown(report))
    return report


def _recognised_before(folder: Path, recogniser: str) -> dict[str, str]:
    """Return the texts recognised at the last check, by file digest."""
    try:
        last = read(folder / FILE_NAME, Report).sounds
    except UserError:
        return {}
    if last.recogniser != recogniser:
        return {}
    return {f.sha256: f.heard for f in last.files if f.heard is not None}


def grouped(findings: list[Finding]) -> list[tuple[Finding, int]]:
    """Return the first finding of each kind, and the count of others."""
    groups: dict[tuple[str, str, str | None], list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.severity, finding.check, finding.system].append(finding)
    return [(group[0], len(group) - 1) for group in groups.values()]


def _texts(sounds: Preflight) -> str:
    if sounds.recogniser is None:
        return f"{NO_RECOGNISER[0].upper()}{NO_RECOGNISER[1:]}."
    compared = [f for f in sounds.files if f.word_error_rate is not None]
    return f"Texts of {len(compared)} files compared by {sounds.recogniser}."


def systems_table(sounds: Preflight) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the table of systems."""
    head = ["system", "files", "source LUFS", "played LUFS", "seconds", "Hz", "bandwidth kHz"]
    rows = []
    for system in dict.fromkeys(f.system for f in sounds.files):
        files = [f for f in sounds.files if f.system == system]
        rates = sorted({f.sound.sample_rate for f in files})
        rows.append(
            [
                system,
                str(len(files)),
                _range([f.sound.loudness_lufs for f in files if f.system not in (LOW, MID)], 1),
                _range([f.played_lufs for f in files], 2),
                _range([f.sound.seconds for f in files], 1),
                ", ".join(map(str, rates)),
                _range([f.sound.bandwidth_hz and f.sound.bandwidth_hz / 1000 for f in files], 2),
            ]
        )
    return head, rows


def _range(values: list[float | None], digits: int) -> str:
    known = [v for v in values if v is not None]
    if not known:
        return "–"
    low, high = f"{min(known):.{digits}f}", f"{max(known):.{digits}f}"
    return low if low == high else f"{low} to {high}"


def markdown(report: Report) -> str:
    """Return the report as plain Markdown."""
    out = io.StringIO()

    def line(text: str = "") -> None:
        out.write(text + "\n")

    def table(head: list[str], rows: list[list[str]]) -> None:
        for cells in (head, ["---"] * len(head), *rows):
            line("| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in cells) + " |")
        line()

    line(f"# Check of {report.study}\n\n{report.summary}.\n\n{report.verdict}\n\n## Sounds\n")
    table(*systems_table(report.sounds))
    line(_texts(report.sounds) + "\n")
    for finding in report.sounds.findings:
        line(f"- {finding.severity}: {finding.where}: {finding.said}")
    line("\n## Anchors\n")
    for mask in report.sounds.masks:
        line(
            f"- {mask.anchor}: {mask_text(mask)}; {'met' if mask.met else 'missed'} "
            f"(mask: {mask.source})"
        )
    line(f"\n## ITU-R BS.1534-3\n\n{report.caution}\n")
    rows = [[r.clause, r.requirement, r.status, r.found] for r in report.compliance]
    table(["clause or topic", "requirement", "status", "in this study"], rows)
    return out.getvalue()


def show(report: Report, console: "Console") -> None:
    """Print the report for a person."""
    from rich.markup import escape
    from rich.table import Table

    def table(title: str, head: list[str], rows: list[list[str]]) -> None:
        drawn = Table(*head, title=title, title_justify="left")
        for cells in rows:
            drawn.add_row(*cells)
        console.print(drawn)

    console.print(f"{report.study}: {report.summary}", highlight=False, markup=False)
    head, systems = systems_table(report.sounds)
    table("Sounds", head, [[escape(cell) for cell in row] for row in systems])
    console.print(_texts(report.sounds), highlight=False, markup=False)
    for mask in report.sounds.masks:
        text = f"{mask.anchor}: {mask_text(mask)}; mask {'met' if mask.met else 'missed'}"
        console.print(f"{text}, {mask.source}", highlight=False, markup=False)
    rows = []
    for row in report.compliance:
        coloured = f"[{_COLOURS[row.status]}]{row.status}[/]"
        rows.append([row.clause, escape(row.requirement), coloured, escape(row.found)])
    table("ITU-R BS.1534-3", ["clause or topic", "requirement", "status", "in this study"], rows)
    console.print(report.caution, highlight=False, markup=False)
    for finding, more in grouped(report.sounds.findings):
        also = f" (and {more} more such)" if more else ""
        text = f"{finding.severity.capitalize()}: {finding.where}: {finding.said}{also}"
        console.print(text, highlight=False, markup=False)
    console.print(report.verdict, highlight=False, markup=False)
