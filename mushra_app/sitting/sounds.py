"""Sounds of a page."""

import hmac
import json
from typing import Any

from sqlalchemy.orm import Session

from mushra_app.http.errors import RefusedError
from mushra_app.page_types import UNRATED_TYPES
from mushra_app.sitting.context import StudyContext
from mushra_app.sitting.find import require_page
from mushra_app.sitting.page_context import page_context
from mushra_app.sitting.tokens import page_token
from mushra_app.store.tables import PageRow, SittingRow


def count_sounds(context: StudyContext, page: PageRow) -> int:
    """Return the number of sounds of a page without ratings."""
    step: Any = context.study.sitting[page.step]
    return UNRATED_TYPES[page.kind].sounds(step)


def read_sound(
    context: StudyContext, session: Session, sitting: SittingRow, page_index: int, token: str
) -> bytes:
    """Return the WAV file of a token.

    Args:
        context: the study.
        session: session of the request.
        sitting: the listener's.
        page_index: the page that plays the sound.
        token: a token of `page_token`.

    Raises:
        RefusedError: no such page, or not a token of this listener and page (404).
    """
    page = require_page(session, sitting, page_index)
    if page.kind in UNRATED_TYPES:
        slots = {str(slot): slot for slot in range(count_sounds(context, page))}
        slot = _slot_of(context, page, token, slots)
        shown = page_context(context, session, page)
        return UNRATED_TYPES[page.kind].sound(shown, slot, context.audio_folder)
    systems = {"open": context.study.reference}
    systems |= {str(slot): system for slot, system in enumerate(json.loads(page.slots))}
    system = _slot_of(context, page, token, systems)
    item = context.manifest.item(page.sentence, system)
    return (context.audio_folder / item.path).read_bytes()


def _slot_of(context: StudyContext, page: PageRow, token: str, slots: dict[str, Any]) -> Any:
    for name, value in slots.items():
        if hmac.compare_digest(token.encode(), page_token(context, page, name).encode()):
            return value
    raise RefusedError(404, "no such sound")
