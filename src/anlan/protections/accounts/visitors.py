"""What a sign-in shows of where it comes from and what it is done with, from the most exact to the most general.

Each level is a short name. Two sign-ins share a level when they have the same name there; a level that is not known is
left out, so that unknown never counts as equal.
"""

import re
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from anlan.domain.places import ADDRESS_BITS, Place, Places, address_of
from anlan.models.places import shipped_places

VISITORS_REMEMBERED = 50_000
NETWORK_LEVELS = ("network", "block", "system", "country")
AGENT_LEVELS = ("agent", "shape", "platform")
_CUTS = {4: (24, 16), 6: (48, 32)}
"""Bits of an address that one household or office shares (network), and one region of a carrier (block)."""
_VERSION = re.compile(r"(?<=[/ _])\d[\d._]*")
_PLATFORMS = ("Windows", "Android", "iPhone", "iPad", "Mac OS X", "Linux", "CrOS")


class Levels(NamedTuple):
    """Names by level; `place` is what the table says of the address, None for an agent or an unknown address."""

    names: dict[str, str]
    place: Place | None = None


NOWHERE = Levels({})


class Visitors:
    """Reads addresses and agents, and remembers what it read."""

    def __init__(self) -> None:
        self._places: Places | None = None
        self.network = lru_cache(VISITORS_REMEMBERED)(self._network)
        self.agent = lru_cache(VISITORS_REMEMBERED)(_agent)

    def look_up_in(self, places: Places) -> None:
        """Use this table; without one, the table that ships is loaded when first needed."""
        self._places = places
        self.network.cache_clear()

    def _network(self, ip: str | None) -> Levels:
        """The levels of an address."""
        address = address_of(ip) if ip else None
        if ip is None or address is None:
            return NOWHERE
        version, number = address
        network, block = (number >> ADDRESS_BITS[version] - bits for bits in _CUTS[version])
        names = {"network": f"n{version}:{network:x}", "block": f"b{version}:{block:x}"}
        place = (self._places or shipped_places()).place(ip)
        if place is not None and place.asn is not None:
            names["system"] = f"a:{place.asn}"
        if place is not None and place.country is not None:
            names["country"] = f"c:{place.country}"
        return Levels(names, place)


def _agent(text: str | None) -> Levels:
    """The levels of a user agent: its text, its text without versions, its platform."""
    if not text:
        return NOWHERE
    platform = next((name for name in _PLATFORMS if name in text), "other")
    shape = _digest(_VERSION.sub("", text))
    return Levels({"agent": f"u:{_digest(text)}", "shape": f"s:{shape}", "platform": f"p:{platform}"})


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
