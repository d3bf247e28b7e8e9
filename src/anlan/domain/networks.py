"""Which addresses count as one visitor: those that one line of one household or office usually has."""

from ipaddress import IPv4Address, ip_address, ip_network


def network_of(ip: str) -> str:
    """The /24 of an IPv4 address or the /64 of an IPv6 one; empty where `ip` is neither."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        address = mapped
    length = 24 if isinstance(address, IPv4Address) else 64
    return str(ip_network((address, length), strict=False))
