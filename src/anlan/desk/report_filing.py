"""A report as platforms write it in JSON, over HTTP or in a file, and what it means to the desk."""

from typing import Annotated

import msgspec
from msgspec import Meta

from anlan.desk.reports import MAX_WORDS_CHARS, NewReport
from anlan.domain.keys import event_key
from anlan.errors import InvalidRequest

MAX_CITES = 20
MAX_SEEN_CHARS = 20_000

AccountId = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00]*$")]


class EventRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An event by the names under which the platform sent it."""

    source: Annotated[str, Meta(min_length=1, max_length=256)]
    id: Annotated[str, Meta(min_length=1, max_length=256)]


class ReportFiling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One member's report: of an event, or of an account or group.

    Attributes:
        reporter: the account's id.
        reason: a code from `GET /v1/report-reasons`.
        target: `account:<id>` or `group:<id>`, when no single event is meant.
        cites: events that show what is meant, with `target`.
        seen: the text as the member sees it, with `event`; text that was edited since is new evidence.
        words: the member's own.
        device: that the member reports from.
    """

    reporter: AccountId
    reason: Annotated[str, Meta(max_length=64)]
    event: EventRef | None = None
    target: Annotated[str, Meta(pattern=r"^(account|group):[^\x00-\x1f\x7f]{1,256}$")] | None = None
    cites: Annotated[tuple[EventRef, ...], Meta(max_length=MAX_CITES)] = ()
    seen: Annotated[str, Meta(max_length=MAX_SEEN_CHARS)] = ""
    words: Annotated[str, Meta(max_length=MAX_WORDS_CHARS)] = ""
    device: Annotated[str, Meta(max_length=128, pattern=r"^[^\x00]*$")] | None = None


_decode = msgspec.json.Decoder(ReportFiling).decode


def read_filing(line: bytes) -> ReportFiling:
    """One line of NDJSON.

    Raises:
        InvalidRequest: it is not of the documented form.
    """
    try:
        return _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"line: {error}") from error


def new_report(filing: ReportFiling) -> NewReport:
    """What the desk takes in; events by their key."""
    return NewReport(
        reporter=f"account:{filing.reporter}", reason=filing.reason,
        event=_key(filing.event) if filing.event else None, target=filing.target,
        cites=tuple(map(_key, filing.cites)), seen=filing.seen, words=filing.words, device=filing.device,
    )


def _key(event: EventRef) -> str:
    return event_key(event.source, event.id)
