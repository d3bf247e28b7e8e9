"""Where on Earth and on the network an address is, and how far two countries are apart at the very least.

An address tells a country at best, and countries are wide: what is claimed of a journey is only what no choice of
places within the two countries could explain.
"""

from functools import cache
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import NamedTuple, Protocol

_DISTANCES_FILE = Path(__file__).parent / "country_distances.bin"
_STEP_KM = 100
_FAMILIES = {4: AF_INET, 6: AF_INET6}
_MAPPED = 0xFFFF
ADDRESS_BITS = {4: 32, 6: 128}
NETWORK_BITS = {4: 24, 6: 48}
"""What counts as one network: what a household, a school or an office has at most, by version of IP."""


class Place(NamedTuple):
    """Where an address is.

    Attributes:
        country: ISO 3166-1 alpha-2; None where the table does not know.
        asn: number of the autonomous system that announces it; None where nobody does.
    """

    country: str | None
    asn: int | None


class Places(Protocol):
    """A table of addresses."""

    @property
    def made_on(self) -> str:
        """The day of its data, as 2026-06-17."""

    def place(self, ip: str) -> Place | None:
        """Where `ip` is; None for what is no address, is private, or stands nowhere in the table."""


def address_of(ip: str) -> tuple[int, int] | None:
    """(version, address as a number); the IPv4 address inside a mapped one; None for what is no address."""
    version = 6 if ":" in ip else 4
    try:
        number = int.from_bytes(inet_pton(_FAMILIES[version], ip))
    except (OSError, ValueError):
        return None
    if version == 6 and number >> 32 == _MAPPED:
        return 4, number & 0xFFFFFFFF
    return version, number


def network_of(ip: str) -> str | None:
    """The /24 (IPv4) or /48 (IPv6) that `ip` stands in, such as `192.0.2.0/24`; None for what is no address."""
    address = address_of(ip)
    if address is None:
        return None
    version, number = address
    rest = ADDRESS_BITS[version] - NETWORK_BITS[version]
    first = (number >> rest << rest).to_bytes(ADDRESS_BITS[version] // 8)
    return f"{inet_ntop(_FAMILIES[version], first)}/{NETWORK_BITS[version]}"


def least_km(a: str, b: str) -> int:
    """The least distance between any two points of the countries `a` and `b`, rounded down to 100 km.

    Neighbours and countries that the table does not know are 0 apart: nothing can be claimed of them.
    """
    places, distances = _distances()
    one, other = places.get(a), places.get(b)
    if one is None or other is None or one == other:
        return 0
    low, high = sorted((one, other))
    return distances[high * (high - 1) // 2 + low] * _STEP_KM


@cache
def _distances() -> tuple[dict[str, int], bytes]:
    """Row of each country, and the lower triangle of the matrix, in steps of 100 km."""
    names, _, distances = _DISTANCES_FILE.read_bytes().partition(b"\n")
    return {name: row for row, name in enumerate(names.decode().split())}, distances
