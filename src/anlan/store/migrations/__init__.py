"""Alembic scripts, packaged so that `Database.migrate` finds them wherever Anlan is installed."""
