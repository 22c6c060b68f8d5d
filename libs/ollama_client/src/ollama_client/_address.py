"""The guard that keeps text on its owner's machines."""

import asyncio
import socket
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from ollama_client.errors import RemoteAddressRefused, Unreachable

#: Spelt out: the standard library's `is_private` also lets tunnels such as Teredo through.
_OWN_NETWORKS = tuple(
    ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)


async def refuse_remote(host: str) -> None:
    """Return if every address of `host` is loopback, private or link-local.

    Raises:
        RemoteAddressRefused: one of them is public.
        Unreachable: the name does not resolve.
    """
    if host == "localhost":
        return
    for address in await _addresses(host):
        if not _is_own(address):
            raise RemoteAddressRefused(host, address)


@lru_cache(maxsize=64)
def _is_own(address: str) -> bool:
    """Of a literal address, so that it stays true."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return any(ip in network for network in _OWN_NETWORKS)


async def _addresses(host: str) -> list[str]:
    try:
        return [str(ip_address(host))]
    except ValueError:
        pass  # a name
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(host, "its name does not resolve") from error
    return [str(entry[4][0]) for entry in found]
