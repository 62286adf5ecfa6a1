"""Analysis plan of a study, and its registration before there are data.

A registration is the digest of the study's settings, its sounds and the plan together.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field
from sqlalchemy import text

from intone.contracts import Contrasts, Repeats, ReportOptions, ScreeningRule, StimulusSet
from intone.documents import Closed, load, read
from intone.errors import UserError
from intone.files import write_whole
from mushra_app.interchange.tables import sqlite_file
from mushra_app.store.database import connect, database_url, now
from mushra_app.study.file import Study, read_study

HEADER = """\
Analysis plan of the ratings. Complete it before the first listener, then
`intone study preregister STUDY` records a digest of study, sounds and this plan.
"""


class Plan(Closed):
    """Planned options of `intone report`, with the hypothesis."""

    version: Literal[1] = Field(1, description="version of this format")
    hypothesis: str = Field("", description="expected result, in one sentence")
    baseline: str | None = Field(description="system that the others are compared with")
    reference: str | None = Field(description="system that is the natural recording")
    contrasts: Contrasts = Field(
        "vs-baseline", description="vs-baseline or all: the differences that form one family"
    )
    screening: ScreeningRule | None = Field(
        None, description="bs1534-3, mpeg, none; null: the report's default for the page type"
    )
    repeats: Repeats = Field(
        "first", description="first or mean: the rating of a page that was rated twice"
    )
    alpha: float = Field(0.05, gt=0, lt=0.5, description="level of the family of tests")
    listeners: int | None = Field(
        None, ge=2, description="completed sittings at which recruiting stops; null: not decided"
    )
    notes: str = Field("", description="further decisions before the study")

    def command(self, results: str, *, preferences: bool = False) -> str:
        """Return the command that analyses ratings or preferences as planned.

        A report of preferences compares all pairs, without baseline, screening or looks.
        """
        if preferences:
            return ReportOptions(repeats=self.repeats, alpha=self.alpha).command(results)
        options = ReportOptions(
            baseline=self.baseline,
            reference=self.reference,
            contrasts=self.contrasts,
            screening=self.screening,
            repeats=self.repeats,
            alpha=self.alpha,
            planned_listeners=self.listeners,
        )
        return options.command(results)


class Registration(Closed):
    """Registration, which is never changed later."""

    sha256: str = Field(description="digest of the canonical JSON of config, stimuli and plan")
    registered_at: str = Field(description="time by the clock of the study's machine, UTC")
    sittings_before: int = Field(description="number of sittings that had started")
    plan: Plan


class Registrations(Closed):
    """Content of `STUDY.preregistration.json`."""

    version: Literal[1] = 1
    study: str
    registrations: list[Registration]


def plan_path(study_yaml: Path) -> Path:
    """Return the default path of a study's plan."""
    return study_yaml.with_suffix(".plan.yaml")


def registrations_path(study_yaml: Path) -> Path:
    """Return the path of a study's registrations."""
    return study_yaml.with_suffix(".preregistration.json")


def write_template(study_yaml: Path, out: Path | None = None) -> Path:
    """Write a plan to edit, with the study's system names.

    Raises:
        UserError: no such study, or the plan exists.
    """
    study, out = read_study(study_yaml), out or plan_path(study_yaml)
    if out.exists():
        raise UserError(f"{out}: already exists; edit it or choose another name")
    names = {"baseline": study.systems[0], "reference": study.reference}
    plan = Plan.model_validate(names)
    lines = ["# " + line for line in HEADER.splitlines()]
    for key, field in Plan.model_fields.items():
        value = yaml.safe_dump({key: getattr(plan, key)}, allow_unicode=True)
        lines += ["", f"# {field.description}", value.rstrip("\n")]
    return write_whole(out, "\n".join(lines) + "\n")


def read_plan(path: Path, study: Study) -> Plan:
    """Read a plan.

    Raises:
        UserError: no such file, not a plan, or it names a system that the study lacks.
    """
    advice = "write one with `intone study plan-template STUDY`"
    document = load(path, "correct it", advice)
    plan = document.parse(Plan, "correct it")
    for key in ("baseline", "reference"):
        name = getattr(plan, key)
        if name is not None and name not in (study.reference, *study.systems):
            where = document.where([key])
            raise UserError(
                f"{where}: {key}: no system {name!r} in study {study.name!r}; correct the name"
            )
    return plan


def canonical(value: Any) -> bytes:
    """Return compact JSON with sorted keys: equal bytes for equal content."""
    content = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return content.encode()


def registered_content(study: Study, stimuli: StimulusSet, plan: Plan) -> dict[str, Any]:
    """Return the content of the digest: study without database, sounds, plan."""
    systems = {study.reference, *study.systems}
    sounds = sorted(
        [s.sentence, s.system, s.role, s.sha256]
        for s in stimuli.stimuli
        if s.system in systems and s.sentence in study.sentences
    )
    config = study.model_dump(mode="json", exclude={"database", "stimuli"})
    return {"config": config, "stimuli": sounds, "plan": plan.model_dump(mode="json")}


def digest(study: Study, stimuli: StimulusSet, plan: Plan) -> str:
    """Return the SHA-256 digest of the registered content."""
    return hashlib.sha256(canonical(registered_content(study, stimuli, plan))).hexdigest()


def read_registrations(study_yaml: Path, study: Study) -> Registrations:
    """Return the registrations of a study.

    Raises:
        UserError: the file is invalid.
    """
    path = registrations_path(study_yaml)
    if not path.is_file():
        return Registrations(study=study.name, registrations=[])
    return read(path, Registrations, "restore it from a copy")


def preregister(study_yaml: Path, plan_file: Path | None = None) -> tuple[Registration, bool]:
    """Record the digest of study, sounds and plan, with the time.

    Returns:
        The registration, and True if it is new; equal content is registered once.

    Raises:
        UserError: no plan, no study, or changed sounds.
    """
    study = read_study(study_yaml)
    plan = read_plan(plan_file or plan_path(study_yaml), study)
    stimuli = StimulusSet.read(study_yaml.parent / study.stimuli)
    existing = read_registrations(study_yaml, study)
    sha256 = digest(study, stimuli, plan)
    for registration in existing.registrations:
        if registration.sha256 == sha256:
            return registration, False
    registration = Registration(
        sha256=sha256,
        registered_at=now(),
        sittings_before=_started_sittings(study, study_yaml),
        plan=plan,
    )
    updated = existing.model_copy(update={"registrations": [*existing.registrations, registration]})
    write_whole(registrations_path(study_yaml), updated.model_dump_json(indent=1) + "\n")
    return registration, True


def first_rated(study: Study, study_yaml: Path) -> str | None:
    """Return when the first rated page was opened, UTC; None before that."""
    query = (
        "SELECT MIN(p.opened_at) FROM page p JOIN session s ON s.id = p.session_id "
        "JOIN study st ON st.id = s.study_id WHERE st.name = :study AND NOT s.preview AND "
        "(EXISTS (SELECT 1 FROM rating r WHERE r.page_id = p.id) OR "
        "EXISTS (SELECT 1 FROM preference r WHERE r.page_id = p.id))"
    )
    return _scalar(study, study_yaml, query)


def _started_sittings(study: Study, study_yaml: Path) -> int:
    query = (
        "SELECT COUNT(*) FROM session s JOIN study st ON st.id = s.study_id "
        "WHERE st.name = :study AND NOT s.preview"
    )
    return _scalar(study, study_yaml, query) or 0


def _scalar(study: Study, study_yaml: Path, query: str) -> Any:
    """Return one value from the database; None if there is no database."""
    url = database_url(study, study_yaml)
    file = sqlite_file(url)
    if file is not None and not file.is_file():
        return None
    engine = connect(url)
    with engine.connect() as connection:
        value = connection.scalar(text(query), {"study": study.name})
    engine.dispose()
    return value
