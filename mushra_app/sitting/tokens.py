"""Unguessable names of sounds."""

import hashlib
import hmac

from mushra_app.sitting.context import StudyContext
from mushra_app.store.tables import PageRow


def page_token(context: StudyContext, page: PageRow, slot: str) -> str:
    """Return 32 hexadecimal digits for a listener's page and slot."""
    message = f"{context.study_id}|{page.session_id}|{page.page_index}|{slot}".encode()
    return hmac.new(context.row.secret.encode(), message, hashlib.sha256).hexdigest()[:32]
