"""FastAPI dependencies: the study and the sitting of the browser."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Cookie, Depends, Request
from sqlalchemy.orm import Session

from mushra_app.http.addresses import LISTENER_COOKIE
from mushra_app.sitting.context import StudyContext
from mushra_app.sitting.find import require_sitting
from mushra_app.store.database import transaction
from mushra_app.store.tables import SittingRow


async def study_context(request: Request) -> StudyContext:
    """Return the study that the application serves."""
    return request.app.state.study_context


Context = Annotated[StudyContext, Depends(study_context)]
SittingCookie = Annotated[str | None, Cookie(alias=LISTENER_COOKIE)]


@dataclass(frozen=True)
class CurrentSitting:
    """Sitting of the browser that sent a request."""

    context: StudyContext
    cookie: str | None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[tuple[Session, SittingRow]]:
        """Open the transaction of a request; yields its session and the sitting.

        It commits when the endpoint returns, before the response is sent, and rolls back after an
        error. A dependency with `yield` would hold the database's write lock while the request
        waits for another thread; with 60 requests at once, SQLite then times out.

        Raises:
            RefusedError: no such sitting (401).
        """
        with transaction(self.context.engine) as session:
            yield session, require_sitting(self.context, session, self.cookie)


async def current_sitting(context: Context, cookie: SittingCookie = None) -> CurrentSitting:
    """Return the sitting of the browser's cookie; nothing is read yet."""
    return CurrentSitting(context, cookie)


Current = Annotated[CurrentSitting, Depends(current_sitting)]
