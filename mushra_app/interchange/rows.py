"""Rows of the tables that only the listening test has.

Rows of the tables for analysis are in `intone.contracts`.
"""

from pydantic import Field

from intone.contracts.ratings import Origin
from intone.documents import Closed

_ORIGIN = "human, simulated, or imported:<tool>; never changed later"


class _SittingRow(Closed):
    study: str = Field(description="name of the study")
    listener: str = Field(description="pseudonym of the listener")
    session: str = Field(description="pseudonym of the sitting")


class Event(_SittingRow):
    """Event in a listener's browser."""

    page_index: int | None = Field(description="position of the page; none: on no page")
    kind: str = Field(description="type of the event")
    at_ms: int = Field(description="time since the page was shown, by the browser's clock, ms")
    received_at: str = Field(description="time of arrival at the server, UTC")
    data: str = Field(description="details, a JSON object")
    origin: Origin = Field(description=_ORIGIN)


class Remark(_SittingRow):
    """Comment or reported problem, in a listener's words."""

    page_index: int | None = Field(description="position of the page; none: on no page")
    kind: str = Field(description="comment or problem")
    text: str = Field(description="the listener's words as written; they may be personal")
    written_at: str = Field(description="time, UTC")
    origin: Origin = Field(description=_ORIGIN)


class Answer(_SittingRow):
    """Answer on a page without ratings, such as a questionnaire."""

    page_index: int = Field(description="position of the page in this session")
    step: int = Field(description="position of the page's step in the study's sitting, from 0")
    page_type: str = Field(description="questions, headphones, loudness, comments or another")
    name: str = Field(description="name of the question")
    answer: str = Field(
        description="the answer: words as written, which may be personal; anything else as JSON"
    )
    passed: bool | None = Field(description="true if a check was passed; none: not a check")
    submitted_at: str = Field(description="time at which the page was closed, UTC")
    origin: Origin = Field(description=_ORIGIN)
