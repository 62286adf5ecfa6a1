"""Bodies of the listener's requests."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, JsonValue

from intone.documents import Closed

MOST_MS = 10**9


def _at_most(value: object) -> object:
    return min(value, MOST_MS) if isinstance(value, int) else value


# A listener who returns to a page after weeks is not refused for the long time.
Milliseconds = Annotated[int, BeforeValidator(_at_most), Field(ge=0)]


class NewSession(Closed):
    """Body of POST /session; only a simulated listener sends a token."""

    simulation_token: str | None = Field(None, max_length=100)


class Decision(Closed):
    """Body of POST /consent."""

    version: str = Field(max_length=64)
    agree: bool


class RatingIn(Closed):
    """Body of PUT /rating: the state of one slider."""

    score: int | None = Field(None, ge=0, le=100, description="none until it was rated")
    n_plays: int = Field(ge=0, le=10**6)
    heard_ms: Milliseconds
    rating_time_ms: Milliseconds | None = None
    seq: int = Field(ge=1, le=2**31 - 1)


class ChoiceIn(Closed):
    """Body of PUT /choice: which of two versions was preferred."""

    choice: Literal["first", "second", "none"]
    rating_time_ms: Milliseconds | None = None
    seq: int = Field(ge=1, le=2**31 - 1)


class AnswersIn(Closed):
    """Body of PUT /answers: all answers of a page without ratings."""

    answers: dict[str, JsonValue]
    seq: int = Field(ge=1, le=2**31 - 1)


class EventIn(Closed):
    """One event of the log."""

    key: str = Field(pattern=r"^[\w-]{1,40}$")
    kind: str = Field(pattern=r"^[a-z_]{1,20}$")
    at_ms: Milliseconds
    data: dict[str, Annotated[str, Field(max_length=300)] | float | bool | None] = Field(
        default_factory=dict, max_length=12
    )


class EventsIn(Closed):
    """Body of POST /events."""

    page: int = Field(ge=0, le=9999)
    events: list[EventIn] = Field(max_length=200)


class RemarkIn(Closed):
    """Body of POST /remark."""

    page: int | None = Field(default=None, ge=0, le=9999)
    key: str = Field(pattern=r"^[\w-]{1,40}$")
    kind: Literal["comment", "problem"]
    text: str = Field(min_length=1, max_length=5000)
