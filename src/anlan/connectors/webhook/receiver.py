"""What a platform runs to take Anlan's messages: checks the signature, drops repeats, calls the platform's own code.

It needs nothing of Anlan but `domain`: `msgspec` and `standardwebhooks` are its only libraries.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeVar

import msgspec
from standardwebhooks import Webhook, WebhookVerificationError

from anlan.domain.messages import ActionOrdered, DecisionRevised, StaffNoticed
from anlan.errors import InvalidRequest, InvalidSettings, Unauthorized

Data = ActionOrdered | DecisionRevised | StaffNoticed
Handler = Callable[[Data], None]

_Decoded = TypeVar("_Decoded")


class SeenIds(Protocol):
    """Where a platform remembers which messages it has handled; a table with a unique key in its own database."""

    def __contains__(self, message_id: object, /) -> bool:
        """Whether the message has been handled."""
        ...

    def add(self, message_id: str, /) -> None:
        """Remember it for at least a week: Anlan gives up after 84 hours, and staff may replay."""
        ...


class _Body(msgspec.Struct):
    type: str
    data: msgspec.Raw


class Receiver:
    """Takes messages at the platform's endpoint.

    Args:
        secrets: `whsec_...`; more than one only while changing them.
        handlers: by message type (`action.mute`) or family (`action`); the most specific one is called. A type with no
            handler is accepted and ignored, so that a newer Anlan does not fill its queue.
        seen: ids that have been handled. An id is added after its handler returned, so a handler that raises is asked
            again, and one that was cut off may be called twice: make it idempotent (set the mute, do not add to it).

    Raises:
        InvalidSettings: a handler for a type that does not exist.
    """

    def __init__(self, secrets: Iterable[str], handlers: Mapping[str, Handler], seen: SeenIds) -> None:
        unknown = [name for name in handlers if name.partition(".")[0] not in _STRUCTS]
        if unknown:
            raise InvalidSettings(f"no message is of type {unknown[0]!r}; begin with one of {', '.join(_STRUCTS)}")
        self._webhooks = [Webhook(secret) for secret in secrets]
        self._handlers = dict(handlers)
        self._seen = seen

    def receive(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Handle one POST; answer it with 204 when this returns, whatever it returns.

        Returns:
            Whether a handler was called; False for a repeat or a type without a handler.

        Raises:
            Unauthorized: no signature of ours, or more than five minutes old (answer 401).
            InvalidRequest: signed, but not a message of the documented form (answer 400).
        """
        message_id = self._verify(body, headers)
        if message_id in self._seen:
            return False
        outer = _decode(body, _Body)
        family = outer.type.partition(".")[0]
        handler = self._handlers.get(outer.type) or self._handlers.get(family)
        if handler is not None:
            handler(_decode(outer.data, _STRUCTS[family]))
        self._seen.add(message_id)
        return handler is not None

    def _verify(self, body: bytes, headers: Mapping[str, str]) -> str:
        plain = {name.lower(): value for name, value in headers.items()}
        for webhook in self._webhooks:
            try:
                webhook.verify(body, plain, json_parse=False)
            except (WebhookVerificationError, ValueError):  # ValueError: headers that are no base64, no UTF-8, no list
                continue
            return plain["webhook-id"]
        raise Unauthorized("no valid signature: check the secret, the clock, and that the body is passed on unchanged")


_STRUCTS: dict[str, type[Data]] = {"action": ActionOrdered, "decision": DecisionRevised, "staff": StaffNoticed}


def _decode(json: bytes | msgspec.Raw, struct: type[_Decoded]) -> _Decoded:
    try:
        return msgspec.json.decode(json, type=struct)
    except msgspec.MsgspecError as error:
        raise InvalidRequest(f"not a message that this version knows: {error}") from error
