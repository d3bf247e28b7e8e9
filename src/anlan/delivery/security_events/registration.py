"""Setting up streams and partners: what is checked before anything is sent to them or believed of them."""

import secrets
from collections.abc import Iterable

import msgspec

from anlan.delivery.targets import check_url
from anlan.domain.key_sets import read_key_set
from anlan.domain.security_events import (
    SENT,
    STREAM_STATUSES,
    Delivery,
    StreamStatus,
    SubjectFormat,
    default_types,
)
from anlan.errors import InvalidEndpoint, InvalidRequest
from anlan.store.security_events import Stream
from anlan.store.transmitters import Transmitter, digest

MAX_NAME_CHARS = 512
MAX_HEADER_CHARS = 4_096


class StreamWanted(msgspec.Struct, frozen=True, kw_only=True):
    """A stream as an operator asks for it; see `store.security_events.Stream`.

    Attributes:
        types: names of event types; empty for all that carry nobody's phone or mail address.
    """

    audience: str
    delivery: Delivery
    url: str = ""
    authorization: str = ""
    types: tuple[str, ...] = ()
    subject_format: SubjectFormat = "iss_sub"
    receiver_key: str = ""
    description: str = ""


class TransmitterWanted(msgspec.Struct, frozen=True, kw_only=True):
    """A partner as an operator registers it; its keys are handed over or fetched from `keys_url`."""

    issuer: str
    audience: str
    keys: bytes = b""
    keys_url: str = ""
    poll_url: str = ""
    poll_authorization: str = ""


def new_stream(wanted: StreamWanted, now: float, *, allows_private: bool) -> Stream:
    """The stream that is asked for, enabled.

    Raises:
        InvalidEndpoint: an address that Anlan must not send to.
        InvalidRequest: an audience, type or header that cannot be.
    """
    if wanted.delivery == "push":
        check_url(wanted.url, allows_private=allows_private)
    elif wanted.url:
        raise InvalidEndpoint("a receiver that polls has no address; leave it out")
    check_header(wanted.authorization)
    return Stream(
        id=f"stream_{secrets.token_hex(8)}", audience=_checked(wanted.audience, "audience"), url=wanted.url or None,
        description=wanted.description[:MAX_NAME_CHARS].replace("\0", ""), delivery=wanted.delivery,
        authorization=wanted.authorization, receiver_key=wanted.receiver_key or None, types=check_types(wanted.types),
        subject_format=wanted.subject_format, status="enabled", reason="", created_at=now,
    )


def check_types(asked: Iterable[str]) -> tuple[str, ...]:
    """The types of a stream, by their URIs or the last part of them.

    Raises:
        InvalidRequest: one that is never sent.
    """
    short = {name.rpartition("/")[2]: name for name in SENT}
    cleaned = tuple(short.get(one.strip(), one.strip()) for one in asked if one.strip())
    if unknown := [one for one in cleaned if one not in SENT]:
        raise InvalidRequest(f"{unknown[0][:200]!r} is never sent; choose among {', '.join(short)}")
    return default_types(cleaned)


def check_status(status: str) -> StreamStatus:
    """A status that a stream can have.

    Raises:
        InvalidRequest: it is none.
    """
    found: StreamStatus | None = next((one for one in STREAM_STATUSES if one == status), None)
    if found is None:
        raise InvalidRequest(f"a stream is {', '.join(STREAM_STATUSES)}; it cannot be {status[:32]!r}")
    return found


def check_header(value: str) -> None:
    """Refuse what cannot stand in a header.

    Raises:
        InvalidRequest: saying why.
    """
    if len(value) > MAX_HEADER_CHARS or not value.isascii() or not value.isprintable():
        raise InvalidRequest("the authorization header must be one line of printable ASCII, such as 'Bearer abc'")


def new_transmitter(
    wanted: TransmitterWanted, now: float, *, allows_private: bool, pushes: bool
) -> tuple[Transmitter, str]:
    """The partner and the token that it pushes with, shown to its owner once; empty unless it `pushes`.

    Raises:
        InvalidEndpoint: an address that Anlan must not ask.
        InvalidRequest: no keys, or none that verify.
    """
    if bool(wanted.keys) == bool(wanted.keys_url):
        raise InvalidRequest("give the transmitter's key set, or the address where it can be fetched")
    for url in filter(None, (wanted.keys_url, wanted.poll_url)):
        check_url(url, allows_private=allows_private)
    check_header(wanted.poll_authorization)
    token = f"anlan_set_{secrets.token_urlsafe(32)}" if pushes else ""
    made = Transmitter(
        id=f"tx_{secrets.token_hex(8)}", issuer=_checked(wanted.issuer, "issuer"),
        audience=_checked(wanted.audience, "audience"), keys=read_key_set(wanted.keys) if wanted.keys else None,
        keys_url=wanted.keys_url or None, keys_at=now if wanted.keys else 0.0,
        token_hash=digest(token) if token else None, poll_url=wanted.poll_url or None,
        poll_authorization=wanted.poll_authorization, added_at=now,
    )
    return made, token


def _checked(name: str, what: str) -> str:
    if not 0 < len(name) <= MAX_NAME_CHARS or not name.isprintable():
        raise InvalidRequest(f"the {what} must be printable text of 1 to {MAX_NAME_CHARS} characters")
    return name
