"""Rows of the tables that only the listening test has; those for analysis are in the contracts."""

from pydantic import Field

from intone.contracts.ratings import Origin
from intone.documents import Closed

_STUDY = "name of the study"
_LISTENER = "pseudonym of the listener"
_SESSION = "pseudonym of the sitting"
_ORIGIN = "human, simulated, or imported:<tool>; never changed later"


class Event(Closed):
    """Something that happened in a listener's browser."""

    study: str = Field(description=_STUDY)
    listener: str = Field(description=_LISTENER)
    session: str = Field(description=_SESSION)
    page_index: int | None = Field(description="position of the page; none: on no page")
    kind: str = Field(description="what happened")
    at_ms: int = Field(description="when, by the browser's clock since the page was shown, ms")
    received_at: str = Field(description="when the server got it, UTC")
    data: str = Field(description="what belongs to it, a JSON object")
    origin: Origin = Field(description=_ORIGIN)


class Remark(Closed):
    """A comment or a reported problem, in a listener's words."""

    study: str = Field(description=_STUDY)
    listener: str = Field(description=_LISTENER)
    session: str = Field(description=_SESSION)
    page_index: int | None = Field(description="position of the page; none: on no page")
    kind: str = Field(description="comment or problem")
    text: str = Field(description="the listener's words as written; they may be personal")
    written_at: str = Field(description="when, UTC")
    origin: Origin = Field(description=_ORIGIN)


class Answer(Closed):
    """One answer on a page without ratings, such as a questionnaire."""

    study: str = Field(description=_STUDY)
    listener: str = Field(description=_LISTENER)
    session: str = Field(description=_SESSION)
    page_index: int = Field(description="position of the page in this session")
    step: int = Field(description="position of the page's step in the study's sitting, from 0")
    page_type: str = Field(description="questions, headphones, loudness, comments or another")
    name: str = Field(description="name of the question")
    answer: str = Field(
        description="the answer: words as written, which may be personal; anything else as JSON"
    )
    passed: bool | None = Field(description="whether a check was passed; none: it is no check")
    submitted_at: str = Field(description="when the page was closed, UTC")
    origin: Origin = Field(description=_ORIGIN)
