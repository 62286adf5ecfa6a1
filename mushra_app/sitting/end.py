"""End of a sitting."""

import secrets
from typing import Literal

from mushra_app.sitting.context import StudyContext
from mushra_app.store.database import now
from mushra_app.store.tables import SittingRow


def end_sitting(
    context: StudyContext,
    sitting: SittingRow,
    outcome: Literal["completed", "screened_out", "withdrawn"],
) -> None:
    """Close a sitting and set its completion code.

    The code is the platform's for this outcome; without a platform it is random.
    """
    codes = context.study.recruiting.codes
    sitting.outcome, sitting.finished_at = outcome, now()
    sitting.completion_code = codes.get(outcome) if codes else secrets.token_hex(4).upper()
