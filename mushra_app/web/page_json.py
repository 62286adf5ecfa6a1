"""JSON of the page to show."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from mushra_app.page_types import RATING_TYPES
from mushra_app.sitting.context import StudyContext
from mushra_app.sitting.rate import choice_on_screen
from mushra_app.sitting.sounds import count_sounds
from mushra_app.sitting.tokens import page_token
from mushra_app.sitting.view import View, page_details, sentence_text
from mushra_app.store.tables import PageRow


def page_json(context: StudyContext, session: Session, view: View) -> dict[str, Any]:
    """Return all that the player needs to show a page."""
    page = view.page
    content = {
        "page": page.page_index,
        "pages": view.pages,
        "kind": page.kind,
        "phase": "test" if page.phase in ("gold", "repeat") else page.phase,
        "language": context.study.language,
        "age_ms": _age_ms(page.opened_at),
        "loudness": view.loudness,
        **page_details(context, session, page),
    }
    saved = _rating_page if page.kind in RATING_TYPES else _screen
    return content | saved(context, view)


def _rating_page(context: StudyContext, view: View) -> dict[str, Any]:
    page, study, choice = view.page, context.study, view.choice
    slots = range(len(json.loads(page.slots)))
    open_reference = RATING_TYPES[page.kind].open_reference
    return {
        "text": sentence_text(context, page) if study.show_text else None,
        "on_switch": study.on_switch,
        "sample_rate": context.manifest.sample_rate,
        "reference": _sound_address(context, page, "open") if open_reference else None,
        "slots": [_sound_address(context, page, str(slot)) for slot in slots],
        "saved": {slot: vars(score) for slot, score in view.scores.items()},
        "chosen": {
            "choice": choice_on_screen(choice),
            "rating_time_ms": choice.rating_time_ms if choice else None,
            "seq": choice.seq if choice else 0,
        },
    }


def _screen(context: StudyContext, view: View) -> dict[str, Any]:
    page = view.page
    slots = range(count_sounds(context, page))
    return {
        "sounds": [_sound_address(context, page, str(slot)) for slot in slots],
        "saved": {"answers": json.loads(page.answers or "{}"), "seq": page.answers_seq},
    }


def _sound_address(context: StudyContext, page: PageRow, slot: str) -> str:
    return f"api/v1/audio/{page.page_index}/{page_token(context, page, slot)}"


def _age_ms(opened_at: str | None) -> int:
    opened = datetime.fromisoformat(opened_at) if opened_at else datetime.now(UTC)
    return max(0, round((datetime.now(UTC) - opened).total_seconds() * 1000))
