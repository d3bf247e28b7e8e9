"""Which addresses Anlan may post to: public ones over https; private ones only where the operator said so.

The guard stands twice: on the text of the URL when it is registered, and on the addresses that its name resolves to at
every attempt, because a name can point elsewhere tomorrow. The post then goes to the address that was checked.
"""

import asyncio
import re
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from anlan.errors import InvalidEndpoint

MAX_URL_CHARS = 2000

_HOST = re.compile(rb"[A-Za-z0-9._:-]+")
_NAT64 = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


def check_url(url: str, *, allows_private: bool) -> httpx.URL:
    """The parsed URL of an endpoint.

    Args:
        allows_private: the operator runs receivers on loopback or private addresses, so http is thinkable.

    Raises:
        InvalidEndpoint: saying which part of the URL to change.
    """
    if len(url) > MAX_URL_CHARS:
        raise InvalidEndpoint(f"the endpoint URL has {len(url):,} characters; the limit is {MAX_URL_CHARS:,}")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise InvalidEndpoint(f"not a URL: {error}") from error
    schemes = ("https", "http") if allows_private else ("https",)
    if parsed.scheme not in schemes:
        raise InvalidEndpoint(f"the endpoint URL must begin with {' or '.join(f'{s}://' for s in schemes)}")
    if not _HOST.fullmatch(parsed.raw_host):
        raise InvalidEndpoint("the endpoint URL names no host, or one with characters that no host name has")
    if parsed.port is not None and not 0 < parsed.port < 65_536:
        raise InvalidEndpoint("the port in the endpoint URL must lie between 1 and 65535")
    if parsed.userinfo:
        raise InvalidEndpoint("take the user name and password out of the endpoint URL; messages are signed instead")
    if parsed.fragment:
        raise InvalidEndpoint("take the #fragment out of the endpoint URL; it would never be sent")
    literal = _literal(parsed.host)
    if literal is not None:
        check_address(literal, parsed.scheme, allows_private=allows_private)
    return parsed


def check_address(address: Address, scheme: str, *, allows_private: bool) -> None:
    """Refuse an address that a message must not go to.

    Raises:
        InvalidEndpoint: it is not public and not allowed, or http would leave the private network.
    """
    inner = _embedded(address)
    is_odd = inner.is_link_local or inner.is_multicast or inner.is_unspecified or inner.is_reserved
    if is_odd and not inner.is_loopback:
        raise InvalidEndpoint(f"{address} is not an address of a receiver; choose another host")
    if not inner.is_global and not (allows_private and inner.is_private):
        raise InvalidEndpoint(
            f"{address} is not a public address; set ANLAN_ALLOW_HTTP_ENDPOINTS=true to post to private hosts"
        )
    if scheme == "http" and inner.is_global:
        raise InvalidEndpoint(f"{address} is a public address; use https")


async def resolve(url: httpx.URL, turn: int, *, allows_private: bool) -> Address:
    """One checked address of the URL's host; `turn` walks through them, so that a retry tries the next.

    Raises:
        InvalidEndpoint: one of its addresses is forbidden; then none is used.
        OSError: the name cannot be resolved now.
    """
    port = url.port or (443 if url.scheme == "https" else 80)
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(url.raw_host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise InvalidEndpoint(f"not a host name: {error}") from error
    addresses = [ip_address(str(entry[4][0]).split("%")[0]) for entry in found]
    for address in addresses:
        check_address(address, url.scheme, allows_private=allows_private)
    return addresses[turn % len(addresses)]


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _embedded(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that stands for it, because that is where the packets go."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address
