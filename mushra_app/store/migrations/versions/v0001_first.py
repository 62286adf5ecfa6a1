"""First tables, views of the ratings contract, guard of `origin`."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_CONTEXT = "st.name AS study, l.pseudonym AS listener, s.pseudonym AS session"
_FROM = (
    "JOIN page p ON p.id = r.page_id JOIN session s ON s.id = p.session_id "
    "JOIN study st ON st.id = s.study_id JOIN listener l ON l.id = s.listener_id"
)

RATINGS = f"""
CREATE VIEW ratings_v1 AS SELECT {_CONTEXT}, p.sentence AS trial, 'mushra' AS page_type,
  st.question AS question, p.sentence AS utterance, r.system AS system, r.role AS role,
  r.score AS score, 0 AS scale_min, 100 AS scale_max, 'main' AS arm, 'test' AS phase,
  p.page_index AS page_index, r.slot AS stimulus_index, 0 AS repeat, p.opened_at AS started_at,
  r.rating_time_ms AS rating_time_ms, r.n_plays AS n_plays, r.heard_ms AS heard_ms,
  (r.score IS NOT NULL) AS moved, s.origin AS origin
FROM rating r {_FROM}
WHERE r.score IS NOT NULL AND p.submitted_at IS NOT NULL AND s.outcome <> 'withdrawn'
"""
PREFERENCES = f"""
CREATE VIEW preferences_v1 AS SELECT {_CONTEXT}, p.sentence AS trial, st.question AS question,
  p.sentence AS utterance, r.system_a AS system_a, r.system_b AS system_b, r.choice AS choice,
  'main' AS arm, 'test' AS phase, p.page_index AS page_index,
  r.first_on_screen AS first_on_screen, 0 AS repeat, p.opened_at AS started_at,
  r.rating_time_ms AS rating_time_ms, s.origin AS origin
FROM preference r {_FROM} WHERE p.submitted_at IS NOT NULL AND s.outcome <> 'withdrawn'
"""
SESSIONS = """
CREATE VIEW sessions_v1 AS SELECT st.name AS study,
  COALESCE(l.pseudonym, s.pseudonym) AS listener, s.pseudonym AS session, 'main' AS arm,
  s.outcome AS outcome, s.started_at AS started_at, s.finished_at AS finished_at,
  (SELECT COUNT(*) FROM page p WHERE p.session_id = s.id AND p.submitted_at IS NOT NULL)
    AS pages_done,
  (SELECT COUNT(*) FROM page p WHERE p.session_id = s.id) AS pages_planned,
  s.device AS device, 'not_asked' AS headphones, s.consent_version AS consent_version,
  s.completion_code AS completion_code, s.origin AS origin
FROM session s JOIN study st ON st.id = s.study_id LEFT JOIN listener l ON l.id = s.listener_id
"""
LOOKS = """
CREATE VIEW looks_v1 AS SELECT st.name AS study, k.looked_at AS looked_at,
  k.n_listeners AS n_listeners, k.n_ratings AS n_ratings, k.by AS by
FROM look k JOIN study st ON st.id = k.study_id
"""
SQLITE_GUARD = """
CREATE TRIGGER origin_is_for_ever BEFORE UPDATE OF origin ON session
BEGIN SELECT RAISE(ABORT, 'the origin of a session never changes'); END
"""
POSTGRESQL_GUARD = (
    """
CREATE FUNCTION origin_is_for_ever() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION 'the origin of a session never changes'; END $$ LANGUAGE plpgsql
""",
    "CREATE TRIGGER origin_is_for_ever BEFORE UPDATE OF origin ON session "
    "FOR EACH ROW EXECUTE FUNCTION origin_is_for_ever()",
)


def _key() -> sa.Column:
    return sa.Column("id", sa.Integer, primary_key=True)


def _to(table: str, nullable: bool = False) -> sa.Column:
    return sa.Column(
        f"{table}_id", sa.Integer, sa.ForeignKey(f"{table}.id"), nullable=nullable, index=True
    )


def _text(name: str, length: int | None, nullable: bool = False, unique: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=nullable, unique=unique)


def _number(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Integer, nullable=nullable)


def upgrade() -> None:
    """Make everything."""
    _people()
    _answers()
    for view in (RATINGS, PREFERENCES, SESSIONS, LOOKS):
        op.execute(view)
    dialect = op.get_bind().dialect.name
    for statement in {"sqlite": (SQLITE_GUARD,), "postgresql": POSTGRESQL_GUARD}.get(dialect, ()):
        op.execute(statement)


def _people() -> None:
    op.create_table(
        "study", _key(), _text("name", 64, unique=True), _text("question", 200),
        _text("secret", 64), sa.Column("rehearsal", sa.Boolean, nullable=False),
        _text("created_at", 32), _text("played_sha256", 64, nullable=True),
    )  # fmt: skip
    op.create_table(
        "listener", _key(), _to("study"), _number("number"),
        _text("pseudonym", 32, unique=True), sa.UniqueConstraint("study_id", "number"),
    )  # fmt: skip
    op.create_table(
        "session", _key(), _to("study"), _to("listener", nullable=True),
        _text("pseudonym", 32, unique=True), _text("cookie_sha256", 64, unique=True),
        _text("origin", 16), _text("external_id", 64, nullable=True), _text("outcome", 16),
        _text("device", 16, nullable=True), _text("consent_version", 64, nullable=True),
        _text("consent_text_sha256", 64, nullable=True),
        sa.Column("consent_given", sa.Boolean), _text("consent_at", 32, nullable=True),
        _text("instructed_at", 32, nullable=True), _text("started_at", 32),
        _text("finished_at", 32, nullable=True), _text("completion_code", 16, nullable=True),
        sa.UniqueConstraint("study_id", "external_id"),
    )  # fmt: skip
    op.create_table(
        "simulation_token", sa.Column("token_sha256", sa.String(64), primary_key=True),
        _to("study"), _to("session", nullable=True),
    )  # fmt: skip


def _answers() -> None:
    op.create_table(
        "page", _key(), _to("session"), _number("page_index"), _text("sentence", 200),
        _text("slots", None), _text("opened_at", 32, nullable=True),
        _text("submitted_at", 32, nullable=True), sa.UniqueConstraint("session_id", "page_index"),
    )  # fmt: skip
    op.create_table(
        "rating", _key(), _to("page"), _number("slot"), _text("system", 200), _text("role", 16),
        _number("score", nullable=True), _number("n_plays"), _number("heard_ms"),
        _number("rating_time_ms", nullable=True), _number("seq"), _text("updated_at", 32),
        sa.UniqueConstraint("page_id", "slot"),
    )  # fmt: skip
    op.create_table(
        "preference", _key(), _to("page"), _text("system_a", 200), _text("system_b", 200),
        _text("choice", 4), _text("first_on_screen", 1), _number("rating_time_ms", nullable=True),
        sa.UniqueConstraint("page_id"),
    )  # fmt: skip
    op.create_table(
        "look", _key(), _to("study"), _text("looked_at", 32), _number("n_listeners"),
        _number("n_ratings"), _text("by", 64),
    )  # fmt: skip
