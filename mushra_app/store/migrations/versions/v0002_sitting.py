"""Rows for all pages of a sitting; arms, events, invitations."""

import sqlalchemy as sa
from alembic import op

from mushra_app.store.migrations.versions import v0001_first as first

revision = "0002"
down_revision = "0001"

_CONTEXT = "st.name AS study, l.pseudonym AS listener, s.pseudonym AS session"
_FROM = (
    "JOIN page p ON p.id = r.page_id JOIN session s ON s.id = p.session_id "
    "JOIN study st ON st.id = s.study_id JOIN listener l ON l.id = s.listener_id"
)
_COUNTS = "p.submitted_at IS NOT NULL AND s.outcome <> 'withdrawn' AND NOT s.preview"

RATINGS = f"""
CREATE VIEW ratings_v1 AS SELECT {_CONTEXT}, p.sentence AS trial, p.kind AS page_type,
  COALESCE(p.question, st.question) AS question, p.sentence AS utterance, r.system AS system,
  r.role AS role, r.score AS score, p.scale_min AS scale_min, p.scale_max AS scale_max,
  l.arm AS arm, p.phase AS phase, p.page_index AS page_index, r.slot AS stimulus_index,
  p.repeat AS repeat, p.opened_at AS started_at, r.rating_time_ms AS rating_time_ms,
  r.n_plays AS n_plays, r.heard_ms AS heard_ms, (r.score IS NOT NULL) AS moved,
  s.origin AS origin
FROM rating r {_FROM} WHERE r.score IS NOT NULL AND {_COUNTS}
"""
PREFERENCES = f"""
CREATE VIEW preferences_v1 AS SELECT {_CONTEXT}, p.sentence AS trial,
  COALESCE(p.question, st.question) AS question, p.sentence AS utterance,
  r.system_a AS system_a, r.system_b AS system_b, r.choice AS choice, l.arm AS arm,
  p.phase AS phase, p.page_index AS page_index, r.first_on_screen AS first_on_screen,
  p.repeat AS repeat, p.opened_at AS started_at, r.rating_time_ms AS rating_time_ms,
  s.origin AS origin
FROM preference r {_FROM} WHERE {_COUNTS}
"""
SESSIONS = """
CREATE VIEW sessions_v1 AS SELECT st.name AS study,
  COALESCE(l.pseudonym, s.pseudonym) AS listener, s.pseudonym AS session,
  COALESCE(l.arm, 'main') AS arm, s.outcome AS outcome, s.started_at AS started_at,
  s.finished_at AS finished_at,
  (SELECT COUNT(*) FROM page p WHERE p.session_id = s.id AND p.submitted_at IS NOT NULL)
    AS pages_done,
  (SELECT COUNT(*) FROM page p WHERE p.session_id = s.id) AS pages_planned,
  s.device AS device, s.headphones AS headphones, s.consent_version AS consent_version,
  s.completion_code AS completion_code, s.origin AS origin
FROM session s JOIN study st ON st.id = s.study_id LEFT JOIN listener l ON l.id = s.listener_id
WHERE NOT s.preview
"""


def upgrade() -> None:
    """Add what is new; what was there keeps its meaning."""
    for view in ("ratings_v1", "preferences_v1", "sessions_v1"):
        op.execute(f"DROP VIEW {view}")
    _columns()
    _tables()
    for view in (RATINGS, PREFERENCES, SESSIONS):
        op.execute(view)


def _columns() -> None:
    def add(table: str, name: str, kind: object, default: str | None = None) -> None:
        column = sa.Column(name, kind, nullable=default is None, server_default=default)  # type: ignore[arg-type]
        op.add_column(table, column)

    add("study", "state", sa.String(8), "open")
    add("listener", "place", sa.Integer, "0")
    op.execute("UPDATE listener SET place = number")
    add("listener", "arm", sa.String(32), "main")
    add("session", "preview", sa.Boolean, sa.false().compile(dialect=op.get_bind().dialect).string)
    add("session", "token_sha256", sa.String(64))
    op.create_index("session_token", "session", ["token_sha256"], unique=True)
    add("session", "headphones", sa.String(16), "not_asked")
    add("session", "loudness", sa.Float)
    add("session", "seen_at", sa.String(32))
    add("page", "kind", sa.String(16), "mushra")
    add("page", "phase", sa.String(8), "test")
    add("page", "step", sa.Integer, "1")
    add("page", "repeat", sa.Integer, "0")
    add("page", "question", sa.String(200))
    add("page", "scale_min", sa.Integer, "0")
    add("page", "scale_max", sa.Integer, "100")
    add("page", "expected", sa.Text)
    add("page", "passed", sa.Boolean)
    add("page", "answers", sa.Text)
    add("page", "answers_seq", sa.Integer, "0")
    add("preference", "seq", sa.Integer, "1")


def _tables() -> None:
    op.create_table(
        "invitation", sa.Column("token_sha256", sa.String(64), primary_key=True),
        first._to("study"), first._to("session", nullable=True), first._text("created_at", 32),
    )  # fmt: skip
    op.create_table(
        "event", first._key(), first._to("session"), first._number("page_index", nullable=True),
        first._text("key", 40), first._text("kind", 20), first._number("at_ms"),
        first._text("received_at", 32), first._text("data", None),
        sa.UniqueConstraint("session_id", "key"),
    )  # fmt: skip
    op.create_table(
        "remark", first._key(), first._to("session"), first._number("page_index", nullable=True),
        first._text("key", 40), first._text("kind", 8), first._text("text", None),
        first._text("written_at", 32), sa.UniqueConstraint("session_id", "key"),
    )  # fmt: skip
