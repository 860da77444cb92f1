"""Calling addresses that somebody typed in: which may be called, and a client that cannot be led anywhere else."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

import aiohttp
from aiohttp.connector import AddrInfoType
from yarl import URL

from core.errors import Invalid

LONGEST_URL = 2_000
TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=5)
"""What one call may take. The lease of a delivery is six times that."""


def check_url(url: str, *, private: bool) -> str:
    """Return an address that may be called, trimmed.

    Args:
        url: as it was typed.
        private: whether this machine and private networks may be called.

    Raises:
        Invalid: it is no address, not `https:` (but for this machine itself), carries a password, is link-local or a cloud's own, or
            is private and may not be.
    """
    cleaned = url.strip()
    parts = _split(cleaned)
    if len(cleaned) > LONGEST_URL or parts is None or not parts.hostname or not cleaned.isprintable():
        raise Invalid("That is no address. Write it like https://desk.example.com/baton.", field="url")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(parts.hostname)):
        raise Invalid("The address must begin with https://; only this machine itself may be http://.", field="url")
    if parts.username is not None or parts.password is not None:
        raise Invalid("The address may not carry a name or password. Check the signature instead.", field="url")
    if parts.fragment:
        raise Invalid("The address may not have a part after #.", field="url")
    host = _dialled(cleaned)
    if _is_guarded_name(host):
        raise Invalid(
            "The address is link-local, or one at which a cloud tells its machines their secrets. It is never called.",
            field="url",
        )
    if not private and _is_private_name(host):
        raise Invalid(
            "The address is this machine's or a private network's. Set BATON_WEBHOOKS_PRIVATE=true to allow such.",
            field="url",
        )
    return cleaned


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # a property that refuses what is no port
        _ = URL(url)
    except ValueError:
        return None
    return parts


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _dialled(url: str) -> str:
    """Return an address's host as it is dialled: digits and dots of other scripts are made plain ones, and numbers whole."""
    host = (URL(url).raw_host or "").rstrip(".")
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return host


def _is_private_name(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))


def _is_guarded_name(host: str) -> bool:
    try:
        return is_guarded(host)
    except ValueError:
        return host in _METADATA_NAMES


def is_guarded(address: str) -> bool:
    """Tell whether an IP address is link-local, or a cloud's own for telling its machines their secrets: nobody's receiver is there.

    Raises:
        ValueError: it is no IP address.
    """
    ip = _meant(address)
    return ip.is_link_local or ip in _METADATA


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the open internet; an IPv4 address inside an IPv6 one counts as itself.

    Raises:
        ValueError: it is no IP address.
    """
    ip = _meant(address)
    return ip.is_global and not ip.is_multicast and ip not in _METADATA


def _meant(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Read an IP address; the IPv4 address inside an IPv6 one is what it stands for."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    inside = ip.ipv4_mapped or ip.sixtofour
    if inside is None and int(ip) > 1 and any(ip in network for network in _AROUND_IPV4):
        inside = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return inside or ip


_AROUND_IPV4 = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")))
"""IPv6 addresses that end with the IPv4 address they stand for: NAT64, a network's own NAT64, and the old compatible form."""
_METADATA = frozenset(
    map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"))
)  # fmt: skip
"""Where clouds tell their machines: AWS and most others, AWS and Google by IPv6, Alibaba, Oracle, Azure. Some are not link-local."""
_METADATA_NAMES = frozenset(
    {"metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"}
)


def _public_socket(address: AddrInfoType) -> socket.socket:
    """Make a socket for a call, at the moment of the call: a name that was public when it was typed may not be now.

    Whatever the address was written as, a name, a number or part of one, what is dialled passes here.

    Raises:
        OSError: it is not a public address.
    """
    host = str(address[4][0])
    try:
        public = is_public(host)
    except ValueError:  # the system would read it as a number all the same, such as 127.1
        public = False
    if not public:
        raise OSError(f"{host} is a private address, which BATON_WEBHOOKS_PRIVATE does not allow")
    return socket.socket(*address[:3])


def _private_or_public_socket(address: AddrInfoType) -> socket.socket:
    """Make a socket for a call where private addresses may be called as well as public ones; what is never called is refused here too.

    Raises:
        OSError: it is link-local, or a cloud's own address.
    """
    host = str(address[4][0])
    try:
        guarded = is_guarded(host)
    except ValueError:
        guarded = True
    if guarded:
        raise OSError(f"{host} is link-local or a cloud's own address, which is never called")
    return socket.socket(*address[:3])


def open_caller(*, private: bool) -> aiohttp.ClientSession:
    """Make a client that keeps no cookies, heeds no proxy of the environment and, unless `private`, reaches public addresses only.

    With `private` it reaches this machine and private networks too, and still nothing that `is_guarded` names.
    """
    connector = aiohttp.TCPConnector(
        socket_factory=_private_or_public_socket if private else _public_socket,
        use_dns_cache=False,
        limit=64,
        limit_per_host=8,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=TIMEOUT,
        trust_env=False,
        auto_decompress=False,
    )
