"""Researcher's account, its logged-in browsers and its setup links."""

import sqlalchemy as sa
from alembic import op

from mushra_app.store.migrations.versions import v0001_first as first

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the tables; nothing that listeners gave changes."""
    op.create_table(
        "admin", first._key(), first._to("study"), first._text("name", 64),
        first._text("password", 200), first._text("created_at", 32),
        sa.UniqueConstraint("study_id", "name"),
    )  # fmt: skip
    op.create_table(
        "admin_session", sa.Column("token_sha256", sa.String(64), primary_key=True),
        first._to("admin"), first._text("created_at", 32), first._text("expires_at", 32),
    )  # fmt: skip
    op.create_table(
        "admin_setup", sa.Column("token_sha256", sa.String(64), primary_key=True),
        first._to("study"), first._text("created_at", 32),
    )  # fmt: skip
