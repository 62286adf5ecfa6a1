"""Archive of a study: study file, sounds, analysis plan, and all data."""

import hashlib
import json
import platform
import tempfile
import zipfile
from collections.abc import Collection
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from intone.contracts import StimulusSet
from intone.contracts.stimuli import FILE_NAME
from intone.errors import UserError
from mushra_app.compliance.rated_steps import rating_pages
from mushra_app.interchange.analysis_plan import (
    Plan,
    canonical,
    digest,
    first_rated,
    plan_path,
    read_plan,
    read_registrations,
    registered_content,
)
from mushra_app.interchange.dictionary import csv_text
from mushra_app.interchange.exports import export_table
from mushra_app.interchange.tables import TABLES, open_study
from mushra_app.page_types import RATING_TYPES
from mushra_app.sounds.played_files import prepare
from mushra_app.study.file import Study, read_study, write_study
from mushra_app.study.manifest import MANIFEST, audio_folder

# The earliest time in the zip format; a fixed time makes the archive reproducible.
_MOMENT = (1980, 1, 1, 0, 0, 0)
_PACKAGES = ("intone", "sqlalchemy", "pydantic", "numpy", "scipy", "soundfile", "gradio")


@dataclass
class Bundled:
    """Content of a bundle: files, rows by table, registration."""

    files: int
    rows: dict[str, int]
    registration: str
    parts: dict[str, bytes | Path] = field(default_factory=dict)


def bundle(
    study_yaml: Path,
    out: Path,
    *,
    plan_file: Path | None = None,
    audio: bool = False,
    leave_out: Collection[str] = (),
) -> Bundled:
    """Write a study as a zip file to archive and publish.

    Args:
        study_yaml: the study file.
        out: the .zip to write; it must not exist.
        plan_file: the plan; by default the one beside the study, if there is one.
        audio: include the played files.
        leave_out: tables to leave out, e.g. remarks, whose words may be personal.

    Raises:
        UserError: `out` exists, a table is unknown, or a part of the study is missing or changed.
    """
    if out.exists():
        raise UserError(f"{out}: already exists; choose another name or remove it")
    for name in leave_out:
        if name not in TABLES:
            raise UserError(f"--leave-out {name}: no such table; choose one of {', '.join(TABLES)}")
    study = read_study(study_yaml)
    if plan_file is None and plan_path(study_yaml).is_file():
        plan_file = plan_path(study_yaml)
    plan = read_plan(plan_file, study) if plan_file else None
    open_study(study_yaml)[1].dispose()
    prepare(study, study_yaml)
    stimuli = StimulusSet.read(study_yaml.parent / study.stimuli)
    registration = _registration(study, study_yaml, stimuli, plan)
    with tempfile.TemporaryDirectory() as scratch:
        done = Bundled(0, {}, str(registration["said"]))
        for name in (t for t in TABLES if t not in leave_out):
            path = Path(scratch) / f"{name}.csv"
            done.rows[name] = export_table(study_yaml, path, name)
            done.parts[f"data/{name}.csv"] = path
        done.parts |= _documents(study, study_yaml, Path(scratch), stimuli, plan)
        if audio:
            folder = audio_folder(study_yaml)
            done.parts |= {f"audio/{p.name}": p for p in folder.glob("*.wav")}
        about = _about(study, registration, done.rows, sorted(leave_out), audio)
        done.parts["bundle.json"] = _json(about)
        done.parts["README.md"] = _readme(study, plan, about).encode()
        done.parts["SHA256SUMS"] = _sums(done.parts)
        _zip(out, done.parts)
    done.files = len(done.parts)
    return done


def _documents(
    study: Study,
    study_yaml: Path,
    scratch: Path,
    stimuli: StimulusSet,
    plan: Plan | None,
) -> dict[str, bytes | Path]:
    parts: dict[str, bytes | Path] = {
        "stimuli.json": study_yaml.parent / study.stimuli / FILE_NAME,
        "manifest.json": audio_folder(study_yaml) / MANIFEST,
        "data/dictionary.csv": csv_text().encode(),
        "study.yaml": study_yaml,
    }
    if study.database is not None:
        # The address may contain a password.
        parts["study.yaml"] = scratch / "study.yaml"
        write_study(study.model_copy(update={"database": None}), scratch / "study.yaml")
    if plan is not None:
        parts["plan.json"] = _json(plan.model_dump(mode="json"))
        parts["registered.json"] = canonical(registered_content(study, stimuli, plan))
    record = read_registrations(study_yaml, study)
    if record.registrations:
        parts["preregistration.json"] = record.model_dump_json(indent=1).encode() + b"\n"
    return parts


def _registration(
    study: Study, study_yaml: Path, stimuli: StimulusSet, plan: Plan | None
) -> dict[str, Any]:
    """Describe the registration: digest, time, and order with the first rating."""
    rated = first_rated(study, study_yaml)
    about: dict[str, Any] = {"first_rated_page_opened_at": rated}
    if plan is None:
        return {**about, "sha256": None, "before_data": False, "said": "There is no analysis plan."}
    sha256 = digest(study, stimuli, plan)
    same = [r for r in read_registrations(study_yaml, study).registrations if r.sha256 == sha256]
    about |= {"sha256": sha256, "before_data": False}
    if not same:
        return {**about, "said": "This plan, with this study and these sounds, was not registered."}
    at = same[0].registered_at
    about["registered_at"] = at
    if rated is None or at < rated:
        return {**about, "before_data": True, "said": f"Registered at {at}, before any rating."}
    return {**about, "said": f"Registered at {at}, after the first rating: no preregistration."}


def _about(
    study: Study,
    registration: dict[str, Any],
    rows: dict[str, int],
    left_out: list[str],
    audio: bool,
) -> dict[str, Any]:
    return {
        "version": 1,
        "study": study.name,
        "registration": registration,
        "rows": rows,
        "tables_left_out": left_out,
        "audio": audio,
        "versions": {"python": platform.python_version(), **_versions()},
    }


def _versions() -> dict[str, str]:
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def _readme(study: Study, plan: Plan | None, about: dict[str, Any]) -> str:
    left_out = about["tables_left_out"]
    tables = "\n".join(f"- `data/{name}.csv`: {n} rows" for name, n in about["rows"].items())
    lines = [
        f"# Listening test {study.name}",
        "",
        study.title,
        "",
        "- `study.yaml`: the study file"
        + (" (without the database's address)" if study.database else ""),
        "- `stimuli.json`: every sound of the stimulus set with its digest and origin",
        "- `manifest.json`: every file that was played with its digest and gain"
        + ("; the files are in `audio/`" if about["audio"] else "; the files are not included"),
        "- `plan.json`, `registered.json`: the analysis plan, and the registered content"
        if plan
        else "- no analysis plan",
        tables,
        "- `data/dictionary.csv`: every column of the tables, with type, unit and meaning",
        "- `bundle.json`: versions and registration; `SHA256SUMS`: digests of all files",
        "",
        "## Registration",
        "",
        about["registration"]["said"],
        "",
        "The time is from the clock of the machine that ran the study. If there is a plan, "
        "`sha256sum registered.json` prints the digest; publishing it elsewhere proves its date.",
        "",
        "## People",
        "",
        "Listeners have pseudonyms. Withdrawn sittings and previews are not included. "
        + (f"Left out: {', '.join(left_out)}." if left_out else "No table was left out.")
        + " Remarks and answers are in people's own words: read them before you publish.",
    ]
    if plan:
        lines += ["", "## Analysis", "", *(f"    {command}" for command in _commands(study, plan))]
    return "\n".join(lines) + "\n"


def _commands(study: Study, plan: Plan) -> list[str]:
    """Return the commands that analyse scores and choices as planned."""
    scored = {RATING_TYPES[page].scored for _, page in rating_pages(study)}
    commands = []
    if True in scored:
        commands.append(plan.command("data/ratings.csv"))
    if False in scored:
        commands.append(plan.command("data/preferences.csv", preferences=True))
    return commands


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def _sums(parts: dict[str, bytes | Path]) -> bytes:
    lines = []
    for name in sorted(parts):
        part = parts[name]
        content = part if isinstance(part, bytes) else part.read_bytes()
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
    return "".join(lines).encode()


def _zip(out: Path, parts: dict[str, bytes | Path]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = out.with_name(out.name + ".part")
    with zipfile.ZipFile(scratch, "w") as archive:
        for name in sorted(parts):
            part = parts[name]
            info = zipfile.ZipInfo(name, _MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            info.create_system = 3
            archive.writestr(info, part if isinstance(part, bytes) else part.read_bytes())
    scratch.replace(out)
