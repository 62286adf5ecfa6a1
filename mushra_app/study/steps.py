"""Steps of a sitting, which a study file lists under `sitting`.

A step becomes one or more pages of a listener's plan (`mushra_app.design.allocation`). The page
types are in `mushra_app.page_types`, one file per type.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from intone.documents import Closed
from mushra_app.study import page_names

# The database stores that many characters of a name.
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


def _known(name: str) -> str:
    if name not in page_names.PAGE_NAMES:
        raise ValueError(f"no page of type {name!r}; use one of {', '.join(page_names.PAGE_NAMES)}")
    return name


def _listed(schema: dict[str, Any]) -> None:
    schema["enum"] = list(page_names.PAGE_NAMES)


PageTypeName = Annotated[str, AfterValidator(_known), Field(json_schema_extra=_listed)]


class TextStep(Closed):
    """Page to read."""

    type: Literal["text"] = "text"
    title: str | None = Field(
        default=None, description="heading; null: that of the usual instructions"
    )
    text: str | None = Field(default=None, description="Markdown; null: the usual instructions")


class Question(Closed):
    """Question of a questionnaire."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="column of the export")
    label: str = Field(min_length=1, description="the question as listeners read it")
    type: Literal["text", "long_text", "number", "choice", "choices", "scale"] = Field(
        default="text",
        description="text, long_text, number; choice: one of the options, choices: any of them, "
        "scale: one of the options in a row",
    )
    options: list[Name] = Field(
        default_factory=list, description="answers of a choice, or the points of a scale"
    )
    min: float | None = Field(default=None, description="smallest number")
    max: float | None = Field(default=None, description="largest number")
    optional: bool = Field(default=False, description="allow an empty answer")

    @model_validator(mode="after")
    def _consistent(self) -> "Question":
        has_options = self.type in ("choice", "choices", "scale")
        if has_options and len(self.options) < 2:
            raise ValueError(f"options: a {self.type} needs two or more of them")
        if self.options and not has_options:
            raise ValueError(f"options: a {self.type} has none; did you mean type: choice?")
        if self.type != "number" and not self.min is self.max is None:
            raise ValueError("min, max: only a number has limits")
        return self


class QuestionsStep(Closed):
    """Questionnaire, at any position of a sitting."""

    type: Literal["questions"] = "questions"
    title: str | None = Field(default=None, description="heading; null: 'A few questions'")
    text: str = Field(default="", description="Markdown above the questions")
    questions: list[Question] = Field(min_length=1, description="the questions, in this order")

    @model_validator(mode="after")
    def _named_once(self) -> "QuestionsStep":
        names = [q.name for q in self.questions]
        if len(set(names)) < len(names):
            raise ValueError("questions: two have the same name")
        return self


class HeadphonesStep(Closed):
    """Headphone check (antiphase: Woods 2017; Huggins: Milne 2021)."""

    type: Literal["headphones"] = "headphones"
    method: Literal["antiphase", "huggins", "both"] = Field(
        default="antiphase",
        description="antiphase: which of three tones is quietest; huggins: which of "
        "three noises hides a tone that only two ears together hear",
    )
    rounds: int = Field(default=6, ge=3, le=12, description="rounds of each method")
    needed: int = Field(default=5, ge=1, le=12, description="right answers that pass each method")
    on_fail: Literal["record", "screen_out"] = Field(
        default="record", description="record: note it and continue; screen_out: the sitting ends"
    )

    @model_validator(mode="after")
    def _consistent(self) -> "HeadphonesStep":
        if self.needed > self.rounds:
            raise ValueError(f"needed: {self.needed} right answers of {self.rounds} rounds")
        return self


class LoudnessStep(Closed):
    """Page to set a comfortable loudness once, for the whole sitting."""

    type: Literal["loudness"] = "loudness"


class PauseStep(Closed):
    """Rest."""

    type: Literal["pause"] = "pause"
    minutes: float = Field(default=0, ge=0, le=30, description="shortest rest, minutes")


class CommentsStep(Closed):
    """Page for comments on the whole test."""

    type: Literal["comments"] = "comments"


class Gold(Closed):
    """Page with a known answer among the others, reported separately."""

    sentence: Name = Field(description="sentence id")
    expect: dict[Name, tuple[int, int]] = Field(
        min_length=1, description="by system: lowest and highest score that passes"
    )


class _RatingStep(Closed):
    page: PageTypeName = Field(
        default="mushra",
        description="mushra: BS.1534-3; mushra_nmr: the same without a mentioned reference, so "
        "not MUSHRA by name; ab: which of two is better; acr: one version, five categories (MOS)",
    )
    prompt: str | None = Field(
        default=None, description="question above the versions; null: the study's"
    )
    question: Name | None = Field(
        default=None,
        description="what is rated, in one word, as reports call it; null: the study's",
    )
    labels: list[Name] | None = Field(
        default=None, description="five names of the scale, best first; null: Excellent to Bad"
    )
    systems: list[Name] | None = Field(
        default=None, description="only these of the study's systems and its reference; null: all"
    )
    sentences: list[Name] | None = Field(
        default=None, description="sentence ids; null: the study's"
    )
    pairs: list[tuple[Name, Name]] | None = Field(
        default=None, description="ab only: the pairs to compare; null: every two of the systems"
    )
    no_preference: bool = Field(
        default=True, description="ab only: allow 'no preference' as an answer"
    )

    @model_validator(mode="after")
    def _fits(self) -> "_RatingStep":
        if self.labels is not None and len(self.labels) != 5:
            raise ValueError(f"labels: {len(self.labels)} names; the scale has five bands")
        if self.pairs is not None and self.page != "ab":
            raise ValueError("pairs: only pages of type ab compare pairs")
        return self


class TrainingStep(_RatingStep):
    """Pages to practise on; their ratings have the phase `training`."""

    type: Literal["training"] = "training"
    pages: int = Field(default=1, ge=1, le=20, description="pages of practice")


class TrialsStep(_RatingStep):
    """Pages of the test itself."""

    type: Literal["trials"] = "trials"
    pages: int | None = Field(
        default=None,
        ge=1,
        description="pages a listener rates; null: the study's pages_per_listener",
    )
    order: Literal["random", "latin_square"] = Field(
        default="random",
        description="order of the versions on a page; latin_square: each system is equally often "
        "at each position and after each other system (Williams design), over pages and listeners",
    )
    repeats: int = Field(
        default=0, ge=0, description="pages that are rated a second time later on (phase `repeat`)"
    )
    attention: int = Field(
        default=0, ge=0, description="pages that ask for one given answer (phase `gold`)"
    )
    gold: list[Gold] = Field(default_factory=list, description="pages with a known answer")


Step = Annotated[
    TextStep
    | QuestionsStep
    | HeadphonesStep
    | LoudnessStep
    | PauseStep
    | CommentsStep
    | TrainingStep
    | TrialsStep,
    Field(discriminator="type"),
]
RatingStep = TrainingStep | TrialsStep


class Arm(Closed):
    """Group of listeners; groups take turns in a random order."""

    name: str = Field(pattern=r"^[\w.-]{1,32}$", description="written into every rating")
    page: PageTypeName | None = Field(
        default=None, description="type of all rating pages in this arm; null: as each step says"
    )


class Recruiting(Closed):
    """Recruiting platform and completion codes.

    Prolific passes PROLIFIC_PID, MTurk workerId, SONA survey_code; listeners return with the code
    of their outcome. Without codes every listener gets a personal code.
    """

    platform: Literal["none", "prolific", "mturk", "sona"] = Field(
        default="none", description="who sends the listeners"
    )
    codes: dict[Literal["completed", "screened_out", "declined", "withdrawn"], str] = Field(
        default_factory=dict, description="completion code by outcome, as the platform gave it"
    )
    return_url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="where the end page leads; {code} and {id} are filled in; null: the platform's",
    )
