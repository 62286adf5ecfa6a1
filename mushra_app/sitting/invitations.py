"""Invitation links: each opens one sitting, and returns its listener to it."""

import secrets
from pathlib import Path

from mushra_app.store.database import connect, database_url, now, study_row, transaction
from mushra_app.store.digest import text_sha256
from mushra_app.store.tables import InvitationRow
from mushra_app.study.file import read_study


def invite(study_yaml: Path, count: int, base_url: str) -> list[str]:
    """Return new invitation links.

    Only digests of the links are stored, so they cannot be shown again.

    Args:
        study_yaml: the study file.
        count: number of links.
        base_url: address under which listeners reach the study.

    Raises:
        UserError: the study or its database cannot be used.
    """
    study = read_study(study_yaml)
    engine = connect(database_url(study, study_yaml))
    tokens = [secrets.token_urlsafe(24) for _ in range(count)]
    with transaction(engine) as session:
        row = study_row(session, study, rehearsal=False)
        session.add_all(
            InvitationRow(token_sha256=text_sha256(token), study_id=row.id, created_at=now())
            for token in tokens
        )
    engine.dispose()
    return [f"{base_url.rstrip('/')}/?t={token}" for token in tokens]
