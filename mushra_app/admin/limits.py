"""Limits on login attempts, counted in the database for all processes."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, func, select

from mushra_app.store.admin_tables import LoginAttemptRow
from mushra_app.store.database import transaction
from mushra_app.store.tables import StudyRow


def _utc_now() -> datetime:
    return datetime.now(UTC)


class AttemptLimit:
    """At most `most` attempts for a key within `within_s` seconds.

    Keys (addresses, names, browsers) are stored as HMAC-SHA-256 digests with the study's secret.

    Args:
        engine: the database.
        row: the study.
        kind: name of this limit; the same key in two limits is counted apart.
        most: number of attempts.
        within_s: time for which an attempt counts, s.
        clock: returns the present in UTC.
    """

    def __init__(
        self,
        engine: Engine,
        row: StudyRow,
        kind: str,
        most: int,
        within_s: float,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._engine, self._study_id, self._secret = engine, row.id, row.secret
        self._kind, self._most, self._clock = kind, most, clock
        self._within = timedelta(seconds=within_s)

    def wait_s(self, key: str) -> float:
        """Count an attempt; return the seconds until one is allowed.

        0 allows this attempt. An attempt that is not allowed is not counted. The count is
        committed here, so that it stays when the login is refused.
        """
        digest, time = self._hmac(key), self._clock()
        with transaction(self._engine) as session:
            # Processes count one after the other: PostgreSQL locks the study's row here, SQLite
            # the database at the first statement that writes. Listeners' inserts go through.
            study = select(StudyRow.id).where(StudyRow.id == self._study_id)
            session.execute(study.with_for_update(key_share=True))
            session.execute(
                delete(LoginAttemptRow).where(
                    LoginAttemptRow.study_id == self._study_id,
                    LoginAttemptRow.expires_at <= _iso(time),
                )
            )
            query = select(func.count(), func.min(LoginAttemptRow.expires_at)).where(
                LoginAttemptRow.study_id == self._study_id, LoginAttemptRow.key_hmac == digest
            )
            count, earliest = session.execute(query).one()
            if count >= self._most:
                return (datetime.fromisoformat(earliest) - time).total_seconds()
            expires_at = _iso(time + self._within)
            session.add(
                LoginAttemptRow(study_id=self._study_id, key_hmac=digest, expires_at=expires_at)
            )
            return 0.0

    def forget(self, key: str) -> None:
        """Delete the attempts of a key."""
        with transaction(self._engine) as session:
            session.execute(
                delete(LoginAttemptRow).where(
                    LoginAttemptRow.study_id == self._study_id,
                    LoginAttemptRow.key_hmac == self._hmac(key),
                )
            )

    def _hmac(self, key: str) -> str:
        message = f"attempt|{self._study_id}|{self._kind}|{key}".encode()
        return hmac.new(self._secret.encode(), message, hashlib.sha256).hexdigest()


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")
