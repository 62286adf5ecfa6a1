"""Contract 2: ratings, as SQL views and as CSV or Parquet.

The columns are the same in all forms. The views are `ratings_v1`, `preferences_v1`, `sessions_v1`
and `looks_v1`; a file holds one of them. Scores lie on `scale_min..scale_max` (MUSHRA 0 to 100).
Times are UTC, ISO 8601.
"""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from intone.documents import Closed

Phase = Literal["training", "test", "gold", "repeat"]
Tool = Annotated[str, StringConstraints(pattern=r"^imported:[\w.+-]+$")]
Origin = Literal["human", "simulated"] | Tool
RatedRole = Literal["system", "reference", "copy_synthesis", "anchor_low", "anchor_mid"]


class _Answer(Closed):
    """Answer of a listener; only imported answers may lack details."""

    @model_validator(mode="after")
    def _whole_unless_imported(self) -> Self:
        if not str(getattr(self, "origin", "")).startswith("imported:"):
            for name in ("page_index", "stimulus_index", "started_at", "moved", "first_on_screen"):
                if getattr(self, name, 0) is None:
                    raise ValueError(f"{name} is empty; only imported answers may lack it")
        return self


class Rating(_Answer):
    """One score that one listener gave to one stimulus."""

    study: str = Field(description="name of the study")
    listener: str = Field(description="pseudonym of the listener")
    session: str = Field(description="pseudonym of the sitting")
    trial: str = Field(
        description="name of the page: the sentence's id, or the page of an imported test"
    )
    page_type: str = Field(description="mushra, mushra_nmr, ab or acr")
    question: str = Field(description="what the listener was asked")
    utterance: str = Field(description="sentence id of the stimulus set")
    system: str = Field(description="system name; anchors and the hidden reference included")
    role: RatedRole = Field(description="what the system is in the design")
    score: float = Field(description="the rating, on scale_min..scale_max")
    scale_min: float = Field(description="lowest possible score")
    scale_max: float = Field(description="highest possible score")
    arm: str = Field(description="randomised arm of the study; 'main' if there is one")
    phase: Phase = Field(
        description="training: practice; test: counts; gold: known answer; repeat: a second time"
    )
    page_index: int | None = Field(ge=0, description="position of the page in this session")
    stimulus_index: int | None = Field(ge=0, description="position of the stimulus on the page")
    repeat: int = Field(ge=0, description="0 for the first time this page was rated")
    started_at: datetime | None = Field(description="when the page was opened, UTC")
    rating_time_ms: int | None = Field(description="page opened to last change of this slider, ms")
    n_plays: int | None = Field(description="how often the stimulus was started")
    heard_ms: int | None = Field(description="how long it was heard, ms")
    moved: bool | None = Field(description="whether the slider was ever touched")
    origin: Origin = Field(description="human, simulated, or imported:<tool>; never changed later")


class Preference(_Answer):
    """One choice between two systems. `choice` is a, b or none."""

    study: str = Field(description="name of the study")
    listener: str = Field(description="pseudonym of the listener")
    session: str = Field(description="pseudonym of the sitting")
    trial: str = Field(
        description="name of the page: the sentence's id, or the page of an imported test"
    )
    question: str = Field(description="what the listener was asked")
    utterance: str = Field(description="sentence id of the stimulus set")
    system_a: str = Field(description="one of the two systems")
    system_b: str = Field(description="the other system")
    choice: Literal["a", "b", "none"] = Field(description="which was preferred: a, b or none")
    arm: str = Field(description="randomised arm of the study; 'main' if there is one")
    phase: Phase = Field(
        description="training: practice; test: counts; gold: known answer; repeat: a second time"
    )
    page_index: int | None = Field(ge=0, description="position of the page in this session")
    first_on_screen: Literal["a", "b"] | None = Field(description="which system was shown first")
    repeat: int = Field(ge=0, description="0 for the first time this page was rated")
    started_at: datetime | None = Field(description="when the page was opened, UTC")
    rating_time_ms: int | None = Field(description="page opened to last change of the choice, ms")
    origin: Origin = Field(description="human, simulated, or imported:<tool>; never changed later")


class Session(Closed):
    """One sitting of one listener."""

    study: str = Field(description="name of the study")
    listener: str = Field(description="pseudonym of the listener")
    session: str = Field(description="pseudonym of the sitting")
    arm: str = Field(description="randomised arm of the study; 'main' if there is one")
    outcome: Literal["open", "completed", "declined", "screened_out", "abandoned", "withdrawn"] = (
        Field(description="how the sitting ended; open: it has not")
    )
    started_at: datetime = Field(description="when the listener came, UTC")
    finished_at: datetime | None = Field(
        description="when the sitting ended, UTC; none: it has not"
    )
    pages_done: int = Field(ge=0, description="pages that were closed")
    pages_planned: int = Field(ge=0, description="pages of the sitting")
    device: str | None = Field(description="coarse class: desktop, phone, tablet")
    headphones: Literal["passed", "failed", "not_asked"] = Field(
        description="result of the headphone check"
    )
    consent_version: str | None = Field(
        description="version of the text that was agreed to or declined"
    )
    completion_code: str | None = Field(description="code that the listener was given at the end")
    origin: Origin = Field(description="human, simulated, or imported:<tool>; never changed later")


class Look(Closed):
    """Look at the results during the study, for correcting p values."""

    study: str = Field(description="name of the study")
    looked_at: datetime = Field(description="when, UTC")
    n_listeners: int = Field(ge=0, description="listeners with ratings at that time")
    n_ratings: int = Field(ge=0, description="ratings at that time")
    by: str = Field(description="who looked, or the page that was opened")


RATING_COLUMNS = tuple(Rating.model_fields)
PREFERENCE_COLUMNS = tuple(Preference.model_fields)
SESSION_COLUMNS = tuple(Session.model_fields)
LOOK_COLUMNS = tuple(Look.model_fields)
