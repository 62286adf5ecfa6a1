"""Alembic's entry point; the connection is passed by `mushra_app.store.database.connect`."""

from alembic import context

from mushra_app.store.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
