"""A listener's way through the pages of a study; all state is in the database.

The HTTP endpoints and the Gradio pages are two doors to these functions; neither keeps state.
"""

import hashlib
import hmac
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mushra_app.http.errors import RefusedError
from mushra_app.page_types import RATING_TYPES, SCREENS
from mushra_app.page_types.base import Scene
from mushra_app.page_types.score import Score
from mushra_app.sitting.answering import Answering, on_screen
from mushra_app.store.database import now, transaction
from mushra_app.store.tables import PageRow, PreferenceRow, SittingRow
from mushra_app.study.progress import Progress


@dataclass(frozen=True)
class View:
    """The page to show now: its row, how many there are, and what was saved of it."""

    page: PageRow
    pages: int
    scores: dict[int, Score]
    choice: PreferenceRow | None
    loudness: float | None


class Sittings(Answering):
    """All sittings of one study in one database: the way in, the pages, the log."""

    @property
    def sample_rate(self) -> int:
        """Sampling rate of every played file, Hz."""
        return self._manifest.sample_rate

    def view(self, cookie: str | None) -> View:
        """The page to show now.

        Raises:
            RefusedError: the sitting is not at a page.
        """
        with transaction(self._engine) as session:
            sitting = self._need(session, cookie)
            progress = self._progress(session, sitting)
            if progress.stage != "page":
                raise RefusedError(409, f"no page to show: {progress.stage}")
            page = self._page(session, sitting, progress.page)
            page.opened_at = page.opened_at or now()
            sitting.seen_at = now()
            scores, choice = self._saved(session, page)
            return View(page, progress.pages, scores, choice, sitting.loudness)

    def asked(self, page: PageRow) -> dict[str, Any]:
        """What the browser is told of a page, by its kind."""
        if page.kind in SCREENS:
            with transaction(self._engine) as session:
                scene = self._scene(session, page)
            return SCREENS[page.kind].asked(scene)
        step: Any = self._study.sitting[page.step]
        kind = RATING_TYPES[page.kind]
        return {
            "prompt": step.prompt or self._study.prompt,
            "scale": [page.scale_min, page.scale_max],
            "attention": json.loads(page.expected)["asked"] if page.expected else None,
            **kind.asked(step),
        }

    def token(self, page: PageRow, slot: str) -> str:
        """Unguessable name of one sound, different for every listener, page and slot."""
        key = self._row.secret.encode()
        said = f"{self._row.id}|{page.session_id}|{page.page_index}|{slot}".encode()
        return hmac.new(key, said, hashlib.sha256).hexdigest()[:32]

    def sounds(self, page: PageRow) -> int:
        """How many sounds a page without ratings plays."""
        step: Any = self._study.sitting[page.step]
        return SCREENS[page.kind].sounds(step)

    def text(self, page: PageRow) -> str:
        """The sentence of a page as written."""
        return self._manifest.item(page.sentence, self._study.reference).text

    def sound(self, cookie: str | None, page_index: int, token: str, folder: Path) -> bytes:
        """The WAV file behind a token of this listener.

        Args:
            cookie: the browser's.
            page_index: the page on which it is played.
            token: as `token` made it.
            folder: folder of the played files.

        Raises:
            RefusedError: not a token of this listener and page.
        """
        with transaction(self._engine) as session:
            page = self._page(session, self._need(session, cookie), page_index)
            scene = self._scene(session, page)

        def meant(slot: object) -> bool:
            return hmac.compare_digest(token.encode(), self.token(page, str(slot)).encode())

        if page.kind in SCREENS:
            for slot in range(self.sounds(page)):
                if meant(slot):
                    return SCREENS[page.kind].sound(scene, slot, folder)
            raise RefusedError(404, "no such sound")
        slots = {"open": self._study.reference, **dict(enumerate(json.loads(page.slots)))}
        for slot, system in slots.items():
            if meant(slot):
                return (folder / self._manifest.item(page.sentence, system).path).read_bytes()
        raise RefusedError(404, "no such sound")

    def submit(self, cookie: str | None, page_index: int) -> Progress:
        """Close a page; again is allowed.

        Raises:
            RefusedError: something was not played, not rated or not answered.
        """
        with transaction(self._engine) as session:
            sitting = self._need(session, cookie)
            page = self._page(session, sitting, page_index)
            if page.submitted_at is None:
                if self._progress(session, sitting).page != page_index or not page.opened_at:
                    raise RefusedError(409, "another page is to be rated now")
                self._close(session, sitting, page)
                session.flush()
            progress = self._progress(session, sitting)
            if progress.page == progress.pages and sitting.outcome == "open":
                self._end(sitting, "completed")
                progress = self._progress(session, sitting)
            return progress

    def _close(self, session: Session, sitting: SittingRow, page: PageRow) -> None:
        step: Any = self._study.sitting[page.step]
        if page.kind in SCREENS:
            answers = json.loads(page.answers or "{}")
            screen = SCREENS[page.kind]
            page.passed = screen.check(
                self._scene(session, page), answers, _opened_s(sitting, page)
            )
            for column, value in screen.remembered(answers, page.passed).items():
                setattr(sitting, column, value)
            screened_out = page.passed is False and getattr(step, "on_fail", "") == "screen_out"
        else:
            scores, row = self._saved(session, page)
            choice = on_screen(row)
            kind, slots = RATING_TYPES[page.kind], len(json.loads(page.slots))
            if not kind.complete(scores, slots, choice):
                raise RefusedError(409, "not every version was played and rated")
            if page.expected:
                limits = json.loads(page.expected)["limits"]
                page.passed = kind.passes(limits, scores, choice)
            screened_out = page.passed is False and self._failed_too_often(session, page)
        page.submitted_at = now()
        if screened_out:
            self._end(sitting, "screened_out")

    def _failed_too_often(self, session: Session, page: PageRow) -> bool:
        allowed = self._study.failures_allowed
        if allowed is None:
            return False
        failed = select(PageRow.id).where(
            PageRow.session_id == page.session_id,
            PageRow.phase == "gold",
            PageRow.passed.is_(False),
            PageRow.id != page.id,
        )
        return len(session.scalars(failed).all()) + 1 > allowed

    def _scene(self, session: Session, page: PageRow) -> Scene[Any]:
        kinds = select(PageRow.kind).where(
            PageRow.session_id == page.session_id, PageRow.kind.in_(RATING_TYPES)
        )
        rated = session.scalars(kinds.order_by(PageRow.page_index)).first()
        sitting = session.get_one(SittingRow, page.session_id)
        step: Any = self._study.sitting[page.step]
        return Scene(
            study=self._study,
            step=step,
            seed=self._seed(page),
            kind=rated or "mushra",
            manifest=self._manifest,
            loudness=sitting.loudness,
        )

    def _seed(self, page: PageRow) -> int:
        return int(self.token(page, "seed")[:8], 16)


def _opened_s(sitting: SittingRow, page: PageRow) -> float:
    """For how long a page has been open, s; simulated listeners need no rest."""
    if sitting.origin == "simulated":
        return math.inf
    opened = datetime.fromisoformat(page.opened_at or now())
    return (datetime.now(UTC) - opened).total_seconds()
