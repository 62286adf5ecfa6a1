"""What happens beside the ratings: the event log, remarks, a listener's own data, withdrawal."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from mushra_app.http.errors import RefusedError
from mushra_app.sitting.admission import Admission
from mushra_app.store.database import now, transaction
from mushra_app.store.tables import (
    EventRow,
    PageRow,
    PreferenceRow,
    RatingRow,
    RemarkRow,
    SittingRow,
)

# More than any sitting needs; a script that floods the log does not fill the disk.
MOST_EVENTS = 100_000
MOST_REMARKS = 500

_ADD = text("""
INSERT INTO event (session_id, page_index, key, kind, at_ms, received_at, data)
VALUES (:session_id, :page_index, :key, :kind, :at_ms, :received_at, :data)
ON CONFLICT (session_id, key) DO NOTHING""")


@dataclass(frozen=True)
class Event:
    """Something that happened: its name in the browser, what it is, when, and what belongs to it.

    `at_ms` counts from when the page was shown.
    """

    key: str
    kind: str
    at_ms: int
    data: dict[str, Any]


class Records(Admission):
    """The log and the rights of a listener."""

    def note(self, cookie: str | None, page_index: int, events: Sequence[Event]) -> None:
        """Add events to the log; one that is there already stays as it is.

        Raises:
            RefusedError: no such sitting, it was withdrawn, or its log is full.
        """
        with transaction(self._engine) as session:
            sitting = self._storing(session, cookie)
            kept = select(func.count()).where(EventRow.session_id == sitting.id)
            if (session.scalar(kept) or 0) + len(events) > MOST_EVENTS:
                raise RefusedError(422, "the log of this sitting is full")
            common = {"session_id": sitting.id, "page_index": page_index, "received_at": now()}
            rows = [
                {**common, **vars(event), "data": json.dumps(event.data, ensure_ascii=False)}
                for event in events
            ]
            if rows:
                session.execute(_ADD, rows)

    def remark(
        self,
        cookie: str | None,
        page_index: int | None,
        key: str,
        kind: Literal["comment", "problem"],
        words: str,
    ) -> None:
        """Keep a comment or a reported problem; sent twice under one key, it is kept once.

        Raises:
            RefusedError: no such sitting, it was withdrawn, or it has remarked too often.
        """
        with transaction(self._engine) as session:
            sitting = self._storing(session, cookie)
            own = RemarkRow.session_id == sitting.id
            if session.scalar(select(RemarkRow.id).where(own, RemarkRow.key == key)):
                return
            if (session.scalar(select(func.count()).where(own)) or 0) >= MOST_REMARKS:
                raise RefusedError(422, "this sitting has made all remarks that it can")
            values = {"key": key, "kind": kind, "text": words, "written_at": now()}
            session.execute(
                insert(RemarkRow).values(session_id=sitting.id, page_index=page_index, **values)
            )

    def mine(self, cookie: str | None) -> dict[str, Any]:
        """Everything that is stored of this sitting, without what would tell versions apart.

        Raises:
            RefusedError: no such sitting.
        """
        with transaction(self._engine) as session:
            sitting = self._need(session, cookie)
            pages = PageRow.session_id == sitting.id
            answers = session.scalars(select(PageRow.answers).where(pages))
            remarks = session.scalars(
                select(RemarkRow.text).where(RemarkRow.session_id == sitting.id)
            )
            return {
                "started": sitting.started_at,
                "ended": sitting.finished_at,
                "consent_version": sitting.consent_version,
                "consent_at": sitting.consent_at,
                "device": sitting.device,
                "headphones": sitting.headphones,
                "loudness": sitting.loudness,
                "platform_id": sitting.external_id,
                "ratings": self._count(session, RatingRow, pages),
                "preferences": self._count(session, PreferenceRow, pages),
                "events": session.scalar(
                    select(func.count()).where(EventRow.session_id == sitting.id)
                ),
                "answers": [json.loads(one) for one in answers if one],
                "remarks": list(remarks),
            }

    def withdraw(self, cookie: str | None) -> None:
        """Delete what a listener gave; that somebody withdrew, and when, stays.

        Raises:
            RefusedError: no such sitting.
        """
        with transaction(self._engine) as session:
            sitting = self._need(session, cookie)
            if sitting.outcome == "withdrawn":
                return
            pages = select(PageRow.id).where(PageRow.session_id == sitting.id)
            for row in (RatingRow, PreferenceRow):
                session.execute(delete(row).where(row.page_id.in_(pages)))
            for row in (EventRow, RemarkRow):
                session.execute(delete(row).where(row.session_id == sitting.id))
            own = PageRow.session_id == sitting.id
            session.execute(update(PageRow).where(own).values(answers=None, passed=None))
            self._forget(sitting)
            self._end(sitting, "withdrawn")

    def _storing(self, session: Session, cookie: str | None) -> SittingRow:
        """The sitting, if something may still be stored of it."""
        sitting = self._need(session, cookie)
        if sitting.outcome == "withdrawn":
            # A page that was open when somebody withdrew still sends what it had in hand.
            raise RefusedError(409, "this sitting was withdrawn; nothing more is stored of it")
        return sitting

    @staticmethod
    def _forget(sitting: SittingRow) -> None:
        sitting.external_id = sitting.device = sitting.loudness = None
        sitting.headphones = "not_asked"

    @staticmethod
    def _count(session: Session, row: type[RatingRow] | type[PreferenceRow], pages: Any) -> int:
        joined = select(func.count()).select_from(row).join(PageRow, PageRow.id == row.page_id)
        return session.scalar(joined.where(pages)) or 0
