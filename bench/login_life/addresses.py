"""Where sign-ins come from: real address ranges of carriers and hosts, so that an address says what it says in life."""

from ipaddress import ip_network
from random import Random
from typing import NamedTuple

_HOME = (
    ("116.16.0.0/12", "113.64.0.0/11", "222.76.0.0/14"),
    ("112.224.0.0/11", "60.208.0.0/12", "221.192.0.0/14"),
    ("123.112.0.0/12", "61.48.0.0/13", "114.240.0.0/12"),
    ("58.208.0.0/12", "117.80.0.0/12", "49.64.0.0/11"),
)
"""Fixed-line ranges of four Chinese carriers; a member's line stays with one carrier."""
_MOBILE = ("111.0.0.0/10", "120.192.0.0/10", "183.192.0.0/10", "39.128.0.0/10", "223.64.0.0/11", "117.128.0.0/10")
_ABROAD = (
    "126.0.0.0/8", "153.128.0.0/10", "73.0.0.0/9", "98.192.0.0/10", "79.192.0.0/10", "86.128.0.0/10",
    "171.96.0.0/13", "175.136.0.0/13", "113.160.0.0/11", "14.160.0.0/11", "122.160.0.0/12", "49.32.0.0/11",
    "95.24.0.0/13", "36.64.0.0/11", "49.144.0.0/13", "105.112.0.0/12", "160.154.0.0/15", "88.224.0.0/11",
    "175.192.0.0/10", "114.32.0.0/12", "1.160.0.0/12", "41.32.0.0/12", "189.0.0.0/11", "187.128.0.0/12",
)
_HOSTING = (
    "165.227.0.0/16", "138.68.0.0/16", "159.65.0.0/16", "51.68.0.0/16", "51.75.0.0/16", "95.216.0.0/16",
    "65.108.0.0/16", "47.88.0.0/14", "119.28.0.0/15", "129.226.0.0/16", "45.76.0.0/16", "149.28.0.0/16",
    "172.104.0.0/15", "139.162.0.0/16",
)
CITIES = 12
CITY_BITS = 18
EGRESS_ADDRESSES = 4
"""Public addresses of one carrier's gateway in one city; Richter 2016 finds such gateways in nine of ten carriers."""


def _within(rng: Random, prefix: str) -> str:
    network = ip_network(prefix)
    return str(network[rng.randrange(2, network.num_addresses - 1)])


def _part(prefix: str, number: int, bits: int = CITY_BITS) -> str:
    """The `number`th piece of a range, wrapped around: what one city has of it."""
    network = ip_network(prefix)
    size = 2 ** (32 - bits)
    return f"{network[number * 7 % (network.num_addresses // size) * size]}/{bits}"


class City(NamedTuple):
    """The networks of one city."""

    number: int

    def line(self, rng: Random, carrier: int, prefix: int) -> str:
        """A fixed-line address of one of four carriers, in one of its three ranges here."""
        return _within(rng, _part(_HOME[carrier][prefix % 3], self.number))

    def mobile(self, rng: Random, carrier: int) -> str:
        """A public address of a mobile carrier's gateway: few of them for everybody in the city."""
        gateway = _part(_MOBILE[carrier], self.number, 24)
        return str(ip_network(gateway)[10 + rng.randrange(EGRESS_ADDRESSES)])

    def shared(self, place: int) -> str:
        """The one address of a school, office or cafe."""
        return str(ip_network(_part(_HOME[place % 4][0], self.number + CITIES, 24))[1 + place % 250])


def anywhere_abroad(rng: Random) -> str:
    """A household or mobile address in another country."""
    return _within(rng, rng.choice(_ABROAD))


def hosted(rng: Random) -> str:
    """An address of a hosting company: virtual private networks, rented machines."""
    return _within(rng, rng.choice(_HOSTING))


def proxied(rng: Random) -> str:
    """An address of a residential proxy: other people's households and phones, in China and abroad."""
    chance = rng.random()
    if chance < 0.1:
        return City(rng.randrange(CITIES)).mobile(rng, rng.randrange(len(_MOBILE)))
    if chance < 0.4:
        return City(rng.randrange(CITIES)).line(rng, rng.randrange(4), rng.randrange(3))
    return anywhere_abroad(rng)
