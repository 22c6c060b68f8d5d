"""The guard that keeps text on its owner's machines."""

import asyncio
import socket
from ipaddress import ip_address

from ollama_client.errors import RemoteAddressRefused, Unreachable


async def refuse_remote(host: str) -> None:
    """Return if every address of `host` is loopback, private or link-local.

    Raises:
        RemoteAddressRefused: one of them is public.
        Unreachable: the name does not resolve.
    """
    if host == "localhost":
        return
    for address in await _addresses(host):
        ip = ip_address(address.partition("%")[0])
        if not (ip.is_loopback or ip.is_private or ip.is_link_local) or ip.is_unspecified:
            raise RemoteAddressRefused(host, address)


async def _addresses(host: str) -> list[str]:
    try:
        return [str(ip_address(host))]
    except ValueError:
        pass  # a name
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unreachable(host, "its name does not resolve") from error
    return [str(entry[4][0]) for entry in found]
