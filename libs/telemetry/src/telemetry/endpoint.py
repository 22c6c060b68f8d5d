"""Where spans may go: to this machine or a private network, unless told otherwise."""

import socket
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

#: As for the model server: the standard library's `is_private` also lets tunnels such as Teredo through.
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
_TRACES_PATH = "/v1/traces"


class InvalidEndpoint(ValueError):
    def __init__(self, why: str) -> None:
        super().__init__(f"the OTLP endpoint must look like http://127.0.0.1:4318: {why}")


class RemoteEndpointRefused(Exception):
    def __init__(self, host: str, address: str) -> None:
        super().__init__(
            f"the OTLP endpoint {host} is {address}, neither this machine nor a private network: when somebody writes, "
            "and how much, would leave your hands. Set otlp_allow_remote if that is what you want."
        )
        self.host = host
        self.address = address


class CollectorAddress:
    """Raises: InvalidEndpoint."""

    def __init__(self, endpoint: str, *, allow_remote: bool) -> None:
        try:
            parts = urlsplit(endpoint)
            _ = parts.port
        except ValueError:
            raise InvalidEndpoint("it is no URL") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise InvalidEndpoint("http or https, and a host")
        if parts.username is not None or parts.query or parts.fragment:
            raise InvalidEndpoint("no login, query or fragment")
        path = parts.path.rstrip("/")
        self.url = parts._replace(path=path or _TRACES_PATH).geturl()
        self._host = parts.hostname
        self._allow_remote = allow_remote

    def refuse_remote(self) -> None:
        """Return if every address of the host is loopback, private or link-local, or it has none now.

        Raises:
            RemoteEndpointRefused: one of them is public.
        """
        if self._allow_remote:
            return
        for address in public_addresses(self._host):
            raise RemoteEndpointRefused(self._host, address)


def public_addresses(host: str) -> list[str]:
    """Those of the host's addresses that are neither loopback, private nor link-local; none where it has none now."""
    return [address for address in _addresses(host) if not _is_own(address)]


def _is_own(address: str) -> bool:
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return any(ip in network for network in _OWN_NETWORKS)


def _addresses(host: str) -> list[str]:
    try:
        return [str(ip_address(host))]
    except ValueError:
        pass  # a name
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []  # A collector may come up after us. Without an address nothing can be sent to it either.
    return [str(entry[4][0]) for entry in found]
