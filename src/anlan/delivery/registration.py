"""Taking in a new receiver: its URL is checked, and it gets an id and a secret of its own."""

import base64
import secrets

from anlan.delivery.targets import check_url
from anlan.errors import InvalidEndpoint
from anlan.store.database import Database
from anlan.store.endpoints import Endpoint, add_endpoint, begin_rotation, get_endpoint

KIND_FAMILIES = (
    "action", "appeal", "decision", "staff", "sanction", "export", "funds", "payout", "security_event", "login",
    "session", "factor", "challenge", "containment", "contact", "owner", "alert", "circle", "transfer", "consultation",
    "care_card", "member", "payment",
)


def register_endpoint(
    database: Database, url: str, kinds: tuple[str, ...], now: float, *, allows_private: bool = False
) -> Endpoint:
    """A new receiver with its secret, which is shown to its owner once.

    Raises:
        InvalidEndpoint: a URL that Anlan must not post to, or a prefix that no message kind has.
    """
    check_url(url, allows_private=allows_private)
    endpoint = Endpoint(
        id=f"ep_{secrets.token_hex(8)}", url=url, secrets=(new_secret(),), kinds=check_kinds(kinds), is_enabled=True,
        created_at=now,
    )
    with database.write() as connection:
        add_endpoint(connection, database.vault, endpoint)
    return endpoint


def check_kinds(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """The prefixes, cleaned.

    Raises:
        InvalidEndpoint: one that no message kind can have.
    """
    cleaned = tuple(kind.strip().rstrip(".") for kind in kinds)
    for kind in cleaned:
        if kind.partition(".")[0] not in KIND_FAMILIES or "," in kind or len(kind) > 64:
            families = ", ".join(KIND_FAMILIES)
            raise InvalidEndpoint(f"no message kind begins with {kind[:64]!r}; begin with one of {families}")
    return cleaned


def rotate_secret(database: Database, endpoint_id: str) -> str:
    """A new secret for a receiver; until the rotation is ended, messages carry a signature of each.

    Raises:
        NotFound: there is no such endpoint.
    """
    secret = new_secret()
    with database.write() as connection:
        get_endpoint(connection, database.vault, endpoint_id)
        begin_rotation(connection, database.vault, endpoint_id, secret)
    return secret


def new_secret() -> str:
    """32 random bytes in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
