"""A member of a closed group asks, once, for what they themselves wrote in it."""

from anlan.desk.closures import Closures
from anlan.errors import NotFound
from anlan.store import audit
from anlan.store.appeals import add_content_request
from anlan.store.closures import closures_of
from anlan.store.database import Database


def ask_for_content(database: Database, closures: Closures, group: str, account: str, now: float) -> bool:
    """Order the platform to hand it out; False when that was asked for before.

    Raises:
        NotFound: the group is not closed.
    """
    with database.write() as connection:
        found = closures_of(connection, group)
        if not found:
            raise NotFound(f"{group} is not closed")
        if not add_content_request(connection, found[0].id, account, now):
            return False
        closures.order_export(connection, group, account, now)
        audit.note(connection, account, "content.ask", group, {"closure": found[0].id})
    return True
