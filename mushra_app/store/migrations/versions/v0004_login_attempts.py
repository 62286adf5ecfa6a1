"""Table of login attempts, which all server processes count together."""

import sqlalchemy as sa
from alembic import op

from mushra_app.store.migrations.versions import v0001_first as first

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table; existing accounts and sessions stay."""
    op.create_table(
        "login_attempt",
        first._key(),
        first._to("study"),
        sa.Column("key_hmac", sa.String(64), nullable=False, index=True),
        first._text("expires_at", 32),
    )
