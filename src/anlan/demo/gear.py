"""Where people of the demo are and what they sign in with: addresses of real carriers' ranges, and agent strings.

Places come from addresses, so the ranges are real ones; who is meant at an address is nobody.
"""

from ipaddress import ip_network
from random import Random
from zlib import crc32

_LINES = ("116.16.0.0/12", "112.224.0.0/11", "123.112.0.0/12", "117.80.0.0/12")
_GATEWAYS = ("117.136.0.0/24", "111.13.0.0/24", "120.204.17.0/24", "39.144.1.0/24")
_HOTELS = ("58.208.0.0/16", "222.76.0.0/16", "126.36.0.0/16", "171.96.0.0/16", "175.136.0.0/16")
_THIEVES = ("95.216.0.0/16", "165.227.0.0/16", "113.160.0.0/14", "160.154.0.0/16", "175.136.64.0/18", "105.112.0.0/15")
_AGENTS = (
    "ChatApp/9.41 (Linux; Android 13; M2102J20SG)", "ChatApp/9.41 (Linux; Android 14; V2154A)",
    "ChatApp/9.40 (Linux; Android 12; PGT-AN00)", "ChatApp/9.41 (iPhone; iOS 17.5; Scale/3.00)",
    "ChatApp/9.41 (iPhone; iOS 18.0; Scale/3.00)", "ChatApp/9.38 (Linux; Android 11; RMX3560)",
)
_BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605",
)


def line_of(home: int) -> str:
    """The address of a household; the same number always has the same."""
    network = ip_network(_LINES[home % len(_LINES)])
    return str(network[crc32(b"%d" % home) % (network.num_addresses - 2) + 1])


def gateway(rng: Random, carrier: int) -> str:
    """One of the few public addresses of a mobile carrier, behind which are dozens of strangers."""
    return str(ip_network(_GATEWAYS[carrier % len(_GATEWAYS)])[rng.randrange(1, 9)])


def hotel(rng: Random) -> str:
    """Somewhere on a journey, now and then abroad."""
    return _within(rng, rng.choice((*_HOTELS[:2] * 3, *_HOTELS[2:])))


def hideout(rng: Random) -> str:
    """Where thieves sign in from: rented machines, and households abroad that they act through."""
    return _within(rng, rng.choice(_THIEVES))


def agent_of(device: str) -> str:
    """The agent string of a device; the same device always says the same."""
    number = crc32(device.encode())
    return _BROWSERS[number % len(_BROWSERS)] if device.endswith("-b") else _AGENTS[number % len(_AGENTS)]


def _within(rng: Random, prefix: str) -> str:
    network = ip_network(prefix)
    return str(network[rng.randrange(1, network.num_addresses - 1)])
