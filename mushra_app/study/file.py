"""Study file: all settings of a listening test in one YAML file."""

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, Field, model_validator

from intone.documents import Closed, read
from intone.files import write_whole
from mushra_app.study.languages import Language
from mushra_app.study.manifest import audio_folder
from mushra_app.study.steps import (
    Arm,
    Name,
    RatingStep,
    Recruiting,
    Step,
    TextStep,
    TrainingStep,
    TrialsStep,
)

LOW, MID = "anchor-3.5k", "anchor-7k"
SCHEMA_NAME = "study-1.schema.json"
HEADER = """\
A listening test. Edit it, then `intone study check {name}` and `intone serve {name}`.
Listeners never see the names of systems or files.
"""


def _plain_sitting() -> list[Step]:
    return [TextStep(), TrialsStep()]


class Anchors(Closed):
    """Low-quality anchors on every page (ITU-R BS.1534-3)."""

    low: bool = Field(True, description="the reference, low-passed at 3.5 kHz")
    mid: bool = Field(True, description="the reference, low-passed at 7 kHz")


class Consent(Closed):
    """Consent text; text and version are stored with the listener's decision."""

    version: str = Field(
        "1", min_length=1, max_length=64, description="change it whenever the text changes"
    )
    text: str = Field(min_length=1, description="shown before anything else (Markdown)")


class Study(Closed):
    """MUSHRA study of one stimulus set."""

    name: str = Field(
        pattern=r"^[\w.-]{1,64}$",
        description="short name, written into every rating; letters, digits, dots and dashes",
    )
    title: str = Field(min_length=1, description="what listeners read at the top of the page")
    stimuli: str = Field(description="folder of the stimulus set, relative to this file")
    question: Name = Field(
        "naturalness", description="what is rated, in one word, as reports call it"
    )
    prompt: str = Field(
        "How natural does each version sound?",
        min_length=1,
        description="the same question as listeners read it above the sliders",
    )
    show_text: bool = Field(True, description="show the sentence while it is rated")
    reference: Name = Field(description="system that is the open and the hidden reference")
    systems: list[Name] = Field(min_length=1, description="systems under test, reference excluded")
    sentences: list[Name] = Field(min_length=1, description="sentence ids; each makes one page")
    anchors: Anchors = Field(
        default_factory=lambda: Anchors(low=True, mid=True),
        description="without both, report the test as MUSHRA-like, not as BS.1534",
    )
    pages_per_listener: int = Field(
        ge=1, description="pages that one listener rates; fewer than sentences: they take turns"
    )
    seed: int = Field(1, ge=0, description="decides every random order; the same seed, same order")
    on_switch: Literal["restart", "keep_position"] = Field(
        "restart",
        description="restart: another version starts at its beginning (speech of unequal length); "
        "keep_position: it continues at the same time (versions aligned in time)",
    )
    language: Language = Field(
        "en", description="of all texts that Intone shows to listeners: en, de, fr, es or ja"
    )
    sitting: list[Step] = Field(
        default_factory=_plain_sitting,
        description="what a listener meets after consent, in this order: text, questions, "
        "headphones, loudness, training, trials, pause, comments (docs/study.md has every key)",
    )
    arms: list[Arm] = Field(
        default_factory=list,
        description="groups that meet the same sitting with another type of page, e.g. with and "
        "without a mentioned reference; empty: one group",
    )
    failures_allowed: int | None = Field(
        None,
        ge=0,
        description="attention and gold pages that may go wrong before the sitting ends as "
        "screened out; null: they are counted and reported, and the sitting continues",
    )
    access: Literal["open", "invited"] = Field(
        "open",
        description="open: anyone with the link; invited: personal links, which "
        "`intone study invite` makes",
    )
    recruiting: Recruiting = Field(
        default_factory=lambda: Recruiting(),
        description="platform that sends listeners, and its codes",
    )
    contact: str = Field(min_length=1, description="whom listeners can ask, e.g. an address")
    consent: Consent = Field(description="what listeners agree to before they start")
    database: str | None = Field(
        None,
        description="SQLAlchemy URL such as postgresql+psycopg://user@host/base; "
        "null: a SQLite file beside this one",
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Study":
        for key in ("systems", "sentences"):
            values = getattr(self, key)
            if len(set(values)) < len(values):
                raise ValueError(f"{key}: a name is listed twice")
        if self.reference in self.systems:
            raise ValueError(f"systems: {self.reference!r} is the reference already")
        if self.pages_per_listener > len(self.sentences):
            raise ValueError(
                f"pages_per_listener: {self.pages_per_listener} pages but only "
                f"{len(self.sentences)} sentences"
            )
        self._check_steps()
        return self

    def _check_steps(self) -> None:
        steps = [(i, s) for i, s in enumerate(self.sitting) if isinstance(s, RatingStep)]
        if not any(isinstance(step, TrialsStep) for _, step in steps):
            raise ValueError("sitting: no step of type trials, so nothing would be rated")
        systems = {self.reference, *self.systems}
        for i, step in steps:
            for name in [*(step.systems or []), *(x for pair in step.pairs or [] for x in pair)]:
                if name not in systems:
                    raise ValueError(f"sitting: step {i + 1}: no system {name!r} in this study")
            for name in step.sentences or []:
                if name not in self.sentences:
                    raise ValueError(f"sitting: step {i + 1}: no sentence {name!r} in this study")
            if isinstance(step, TrainingStep):
                continue
            pages = step.pages or self.pages_per_listener
            if step.repeats > pages:
                raise ValueError(f"sitting: step {i + 1}: {step.repeats} repeats of {pages} pages")
            for gold in step.gold:
                if gold.sentence not in self.sentences:
                    raise ValueError(f"sitting: step {i + 1}: gold: no sentence {gold.sentence!r}")
        names = [arm.name for arm in self.arms]
        if len(names) == 1 or len(set(names)) < len(names):
            raise ValueError("arms: name two or more, each once, or none")


def conditions(study: Study, systems: Sequence[str] | None = None) -> list[str]:
    """Return every system on a page: hidden reference, systems under test, anchors.

    Args:
        study: the study.
        systems: only these of the systems under test; by default all.
    """
    anchors = [LOW] * study.anchors.low + [MID] * study.anchors.mid
    tested = [s for s in study.systems if systems is None or s in systems]
    return [study.reference, *tested, *anchors]


def schema_text() -> str:
    """Return the JSON schema of study files, as `data/schemas` holds it."""
    return json.dumps(Study.model_json_schema(), indent=1, ensure_ascii=False) + "\n"


def read_study(path: Path) -> Study:
    """Read a study file.

    Raises:
        UserError: no such file, not YAML, or not a study; with file, line and key.
    """
    return read(path, Study, "correct it", "make a study with `intone study new STIMULI`")


def write_study(study: Study, path: Path) -> None:
    """Write a study file with a comment per key, and its schema."""
    folder = audio_folder(path)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / SCHEMA_NAME, schema_text())
    # Editors find the schema by this comment: a relative path, which needs no network.
    pointer = f"yaml-language-server: $schema={folder.name}/{SCHEMA_NAME}\n"
    lines = ["# " + line for line in (pointer + HEADER.format(name=path.name)).splitlines()]
    lines += _block(study, indent="")
    write_whole(path, "\n".join(lines) + "\n")


def _block(model: BaseModel, indent: str) -> list[str]:
    lines: list[str] = []
    for key, field in type(model).model_fields.items():
        comment = textwrap.wrap(field.description or "", 96 - len(indent))
        lines += ["", *(f"{indent}# {line}" for line in comment)]
        value = getattr(model, key)
        if isinstance(value, BaseModel):
            lines += [f"{indent}{key}:", *_block(value, indent + "  ")[1:]]
        else:
            value = _plain(value)
            # A literal block keeps the paragraphs of a long text readable.
            style = "|" if isinstance(value, str) and "\n" in value else None
            text = f"{key}: |\n" + textwrap.indent(value, "  ") if style else None
            dumped = text or yaml.safe_dump(
                {key: value}, allow_unicode=True, width=96, sort_keys=False
            )
            lines += [indent + line if line else line for line in dumped.rstrip("\n").splitlines()]
    return lines


def _plain(value: Any) -> Any:
    """Return a value for YAML; of models, the type and changed values."""
    if isinstance(value, list):
        return [_plain(element) for element in value]
    if isinstance(value, BaseModel):
        changed = value.model_dump(mode="json", exclude_defaults=True)
        kind = getattr(value, "type", None)
        return {"type": kind, **changed} if kind else changed
    return value
