"""Addresses that only this machine or its network can reach; pure."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

# Names that the public DNS does not have: RFC 6762, RFC 8375, RFC 6761, ICANN's .internal, and
# what routers and companies use.
_PRIVATE_ENDS = {"corp", "home", "home.arpa", "internal", "intranet", "lan", "local"} | {
    "localdomain",
    "localhost",
    "private",
    "test",
}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def names_private(url: str) -> bool:
    """Whether the host of `url`, as it is written, is private, loopback or no public name."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return False
    try:
        return not is_public(host)
    except ValueError:
        labels = host.split(".")
        ends = (".".join(labels[-count:]) for count in (1, 2))
        # A name without a dot is one of the own network; a number is an address (inet_aton(3)).
        return len(labels) == 1 or labels[-1].isdigit() or any(e in _PRIVATE_ENDS for e in ends)


def is_public(address: str) -> bool:
    """Whether an IP address is reached by the internet; raises `ValueError` if it is none."""
    ip: Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        within = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip in _NAT64:
            within = ipaddress.IPv4Address(ip.packed[-4:])
        if within:
            return is_public(str(within))
    return ip.is_global and not ip.is_multicast
