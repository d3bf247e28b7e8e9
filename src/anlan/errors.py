"""One tree of errors, each with a stable code, an HTTP status and a sentence that says what to do."""

from typing import ClassVar


class AnlanError(Exception):
    """Something that a caller can act on.

    Attributes:
        code: stable machine name, part of the API.
        status: HTTP status when it reaches a web caller.
        details: extra JSON-safe facts (file, column, limits).
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def problem(self) -> dict[str, object]:
        """The error as RFC 9457 problem details, without an instance."""
        return {
            "type": f"urn:anlan:error:{self.code}",
            "title": self.code.replace("_", " "),
            "status": self.status,
            "detail": self.message,
            "code": self.code,
            **self.details,
        }


class InvalidEvent(AnlanError):
    """An event that cannot be accepted; the reason is stored with it."""

    code, status = "invalid_event", 422


class InvalidRequest(AnlanError):
    """A request that is not of the documented form."""

    code, status = "invalid_request", 400


class InvalidEndpoint(InvalidRequest):
    """A receiver that Anlan must not post to, or kinds of messages that do not exist."""

    code, status = "invalid_endpoint", 422


class InvalidTerm(InvalidRequest):
    """Terms of the lexicon that cannot be kept, or a change that changes nothing."""

    code, status = "invalid_term", 422


class InvalidCount(InvalidRequest):
    """A count of a member's holdings that cannot be true."""

    code, status = "invalid_count", 422


class InvalidAlarm(InvalidRequest):
    """An alarm about an account that cannot be true."""

    code, status = "invalid_alarm", 422


class InvalidRoster(InvalidRequest):
    """A list of who runs a group that cannot be true."""

    code, status = "invalid_roster", 422


class InvalidClaim(InvalidRequest):
    """A claim for a lost account that names nobody, asks what is not asked, or digests that prove nothing."""

    code, status = "invalid_claim", 422


class InvalidReport(InvalidRequest):
    """A report without a reason or a subject that we know, or of oneself."""

    code, status = "invalid_report", 422


class InvalidCircle(InvalidRequest):
    """An invitation or a consent that means nothing: of oneself, or to no harm at all."""

    code, status = "invalid_circle", 422


class InvalidAnswer(InvalidRequest):
    """An answer to a challenge by a method that it does not take."""

    code, status = "invalid_answer", 422


class TooLarge(AnlanError):
    """A body or a line over its limit."""

    code, status = "too_large", 413


class Unauthorized(AnlanError):
    """No credentials, or credentials that are not valid."""

    code, status = "unauthorized", 401


class Forbidden(AnlanError):
    """Valid credentials without the scope or role that this act needs."""

    code, status = "forbidden", 403


class NotFound(AnlanError):
    """Nothing by that name."""

    code, status = "not_found", 404


class Conflict(AnlanError):
    """The state does not allow this act, or somebody else was first."""

    code, status = "conflict", 409


class DuplicateEvent(Conflict):
    """Events (or second passes) that are decided already; the stored decision is the answer.

    `repeats` gives their keys by position in what was to be committed.
    """

    code = "duplicate_event"

    def __init__(self, repeats: dict[int, str]) -> None:
        super().__init__("already decided; ask for the stored decision", keys=list(repeats.values()))
        self.repeats = repeats


class RateLimited(AnlanError):
    """Too many requests for this key; `retry_after_s` says when to come back."""

    code, status = "rate_limited", 429


class InvalidPolicy(AnlanError):
    """A policy (or its condition) that must not be loaded; says file, policy and column."""

    code, status = "invalid_policy", 422


class InvalidSettings(AnlanError):
    """A setting or declaration that cannot be used."""

    code, status = "invalid_settings", 500


class Unavailable(AnlanError):
    """A part that this act needs (store, model, endpoint) is not there now; try again."""

    code, status = "unavailable", 503


class TookTooLong(AnlanError):
    """A question to the journal that did not finish within its time."""

    code, status = "took_too_long", 503


class Damaged(AnlanError):
    """A file of ours that is missing or is not what was written; names it and says how to mend it."""

    code, status = "damaged", 500
