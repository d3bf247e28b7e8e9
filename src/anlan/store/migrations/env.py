"""Runs migrations inside the transaction that `Database.migrate` holds."""

from alembic import context

from anlan.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
context.run_migrations()
