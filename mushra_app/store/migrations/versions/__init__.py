"""Alembic migrations of the ratings database."""
