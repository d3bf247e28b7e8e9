"""Decides how far a session is still used as it began: by the same device and browser, in the same country, on the
same network. Whoever steals a session needs no sign-in, so this is where it shows.
"""

import re
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from anlan.domain.event_data import AccountLogin, SessionChanged, VerificationCompleted
from anlan.domain.events import Event
from anlan.domain.places import Places, network_of
from anlan.domain.signals import Signal
from anlan.domain.trust import PROOF_STRENGTHS, SessionTrust
from anlan.engine.generations import Generations
from anlan.engine.signals import part_of
from anlan.models.places import shipped_places

KEPT_S = 90 * 86_400.0
"""Apps stay signed in for months; addresses themselves are not kept, so nothing personal is."""
EVENTS = (
    "account.login", "message.sent", "session.changed", "account.binding_changed", "account.password_changed",
    "verification.completed", "profile.updated", "friendship.changed", "group.changed", "payment.initiated",
)
"""The types that name the session in which something was done."""

CHANGES = ("none", "network", "country", "agent", "device")
"""What may differ from how a session began, the least telling first."""
ADDRESSES_REMEMBERED = 50_000
_FORMAT = 2
_VERSION = re.compile(r"[\d._]+")


class Use(NamedTuple):
    """One use of a session beside its beginning.

    Attributes:
        change: the most telling difference, one of `CHANGES`.
        changes: how many of device, browser and whereabouts differ, 1 to 3; None when nothing does.
    """

    change: str = "none"
    changes: int | None = None


AS_BEGUN = Use()


class Held(msgspec.Struct, array_like=True, gc=False):
    """How a session began and what was proved in it; times are event times.

    Attributes:
        device: as the platform names it; empty when unknown, like the following.
        agent: digest of the browser's or app's name without its versions; 0 when unknown.
        network: number of the autonomous system, or the narrower network where none is known.
        was_known: whether the account knew the device before the session.
        proof: strength of the best proof since the beginning, as in `domain.trust.PROOF_STRENGTHS`.
    """

    began_at: float
    used_at: float
    device: str = ""
    agent: int = 0
    country: str = ""
    network: str = ""
    was_known: bool = False
    proof: int = 0
    proved_at: float = 0.0
    ended_at: float = 0.0


class Sessions:
    """The sessions of all accounts that were used of late.

    Args:
        max_keys: how many are remembered at most.
    """

    name = "sessions"

    def __init__(self, max_keys: int) -> None:
        self._held = Generations(KEPT_S, max_keys)
        self._thrown_out = Generations(KEPT_S, max_keys)
        self._places: Places | None = None
        self._where = lru_cache(ADDRESSES_REMEMBERED)(self._whereabouts)
        self.signals = (
            Signal(
                name="session_use", compute=self.count, type="object", counts=True, applies_to=EVENTS,
                reads=("event", "device_is_new"), optional_reads=frozenset({"device_is_new"}),
            ),
            *_PARTS,
        )

    def look_up_in(self, places: Places) -> None:
        """Look addresses up in this table from now on, not in the one that ships."""
        self._places = places
        self._where.cache_clear()

    def count(self, event: Event, device_is_new: bool | None) -> Use | None:
        """Take one use of a session into account; None where the event names none."""
        data: Any = event.data
        session = data.session
        if session is None:
            return None
        if data.__class__ is AccountLogin:
            return self._begin(event, data, is_known=device_is_new is False) if data.result == "success" else None
        account = getattr(data, event.type.actor)
        key = _key(account, session)
        held: Held | None = self._held.get(key) or self._unseen(account, data, event.time)
        if held is None:
            self._held.put(key, self._first_seen(event), event.time)
            return AS_BEGUN
        use = self._compare(held, data)
        held.used_at = max(held.used_at, event.time)
        if data.__class__ is VerificationCompleted:
            self._prove(held, event)
        elif data.__class__ is SessionChanged:
            self._change(held, event)
        self._held.put(key, held, event.time)
        return use

    def observe(self, event: Event, signals: Mapping[str, Any]) -> None:
        """Count an event of the journal; see `Accumulator`."""
        if event.type.name in EVENTS:
            self.count(event, signals.get("device_is_new"))

    def trust_of(self, account: str, session: str, device: str | None, ip: str | None) -> SessionTrust | None:
        """What speaks for a session that is used on this device and from this address; None if it is not known."""
        held: Held | None = self._held.get(_key(account, session))
        if held is None:
            return None
        thrown_out_at, by = self._thrown_out.get(account) or (0.0, "")
        is_out = held.began_at < thrown_out_at and by != session
        change = self._difference(held, device, 0, ip).change
        return SessionTrust(
            began_at=held.began_at, used_at=held.used_at, was_known=held.was_known, proof=held.proof,
            proved_at=held.proved_at, change=change, is_over=is_out or held.ended_at > 0,
        )

    def _begin(self, event: Event, data: AccountLogin, *, is_known: bool) -> Use:
        held = self._first_seen(event)
        held.was_known = is_known
        proof = PROOF_STRENGTHS.get(data.method or "", 0)
        if proof:
            held.proof, held.proved_at = proof, event.time
        self._held.put(_key(data.account, data.session or ""), held, event.time)
        if data.device:
            self._held.put(_latest_on(data.account, data.device), msgspec.structs.replace(held), event.time)
        return AS_BEGUN

    def _unseen(self, account: str, data: Any, time: float) -> Held | None:
        """A session whose sign-in nobody saw: it should look as the latest one on its device did."""
        latest: Held | None = self._held.get(_latest_on(account, data.device)) if data.device else None
        return latest and msgspec.structs.replace(latest, began_at=time, used_at=time, proof=0, proved_at=0.0)

    def _first_seen(self, event: Event) -> Held:
        data: Any = event.data
        country, network = self._where(data.ip) if data.ip else ("", "")
        agent = _digest(getattr(data, "user_agent", None))
        return Held(event.time, event.time, data.device or "", agent, country, network)

    def _compare(self, held: Held, data: Any) -> Use:
        if data.device == held.device and data.ip is None:
            return AS_BEGUN
        return self._difference(held, data.device, _digest(getattr(data, "user_agent", None)), data.ip)

    def _difference(self, held: Held, device: str | None, agent: int, ip: str | None) -> Use:
        country, network = self._where(ip) if ip else ("", "")
        has_travelled = bool(country and held.country and country != held.country)
        has_moved = bool(network and held.network and network != held.network)
        kinds = (
            bool(device and held.device and device != held.device),
            bool(agent and held.agent and agent != held.agent),
            has_travelled or has_moved,
        )
        if not any(kinds):
            return AS_BEGUN
        change = "device" if kinds[0] else "agent" if kinds[1] else "country" if has_travelled else "network"
        return Use(change, sum(kinds))

    def _whereabouts(self, ip: str) -> tuple[str, str]:
        """(country, network), each empty when unknown."""
        found = (self._places or shipped_places()).place(ip)
        if found is None or found.asn is None:
            return (found.country or "" if found else ""), network_of(ip) or ""
        return found.country or "", str(found.asn)

    def _prove(self, held: Held, event: Event) -> None:
        """Whoever proves to be the owner may be where they are: from now on that is how the session began."""
        data: VerificationCompleted = event.data  # type: ignore[assignment]
        strength = PROOF_STRENGTHS.get(data.method, 0)
        if data.result != "passed" or not strength:
            return
        held.proof, held.proved_at = max(held.proof, strength), event.time
        held.device = data.device or held.device
        if data.ip:
            held.country, held.network = self._where(data.ip)

    def _change(self, held: Held, event: Event) -> None:
        data: SessionChanged = event.data  # type: ignore[assignment]
        if data.change == "ended":
            held.ended_at = event.time
        elif data.change == "others_ended":
            self._thrown_out.put(data.account, (event.time, data.session), event.time)
        if not held.agent:
            held.agent = _digest(data.user_agent)

    def __len__(self) -> int:
        """How many sessions are remembered."""
        return len(self._held)

    def snapshot(self) -> bytes:
        """Everything that `restore` needs, as msgpack."""
        return msgspec.msgpack.encode((self._meaning, self._held.dump(), self._thrown_out.dump()))

    def restore(self, blob: bytes) -> bool:
        """Continue from a snapshot; False (and nothing changes) if it is of another format."""
        try:
            meaning, held, thrown_out = msgspec.msgpack.decode(blob, type=tuple[list[Any], Any, Any])
        except (msgspec.MsgspecError, ValueError):
            return False
        if meaning != self._meaning:
            return False
        self._held.load(held, lambda entry: Held(*entry))
        self._thrown_out.load(thrown_out)
        return True

    def clear(self) -> None:
        """Forget everything."""
        self._held.clear()
        self._thrown_out.clear()

    @property
    def _meaning(self) -> list[Any]:
        return [_FORMAT, *Held.__struct_fields__]


def _key(account: str, session: str) -> str:
    return f"{len(account)}:{account}{session}"


def _latest_on(account: str, device: str) -> str:
    """Beside the sessions: the latest sign-in on a device. No session's name begins with a line feed."""
    return _key(account, f"\n{device}")


def _digest(agent: str | None) -> int:
    return zlib.crc32(_VERSION.sub("", agent).encode("utf-8", "replace")) if agent else 0


_PARTS: tuple[Signal, ...] = (
    part_of(
        "session_use", "change", "session_change", "text",
        {"zh": "会话与开始时相比最明显的变化", "en": "what differs most from how the session began"}, choices=CHANGES,
        examples=(({"session_use": AS_BEGUN}, "none"), ({"session_use": Use("device", 2)}, "device")),
    ),
    part_of(
        "session_use", "changes", "session_changes", "number",
        {"zh": "会话的设备、浏览器、所在地变化项数", "en": "how many of device, browser and place changed"},
        low=0.0, high=3.0, examples=(({"session_use": Use("device", 2)}, 2),),
    ),
)
