"""Where to connect and as whom, read from kombu's connection, which is left without what must not be shown."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from kombu_jetstream._connection.addresses import DEFAULT_PORT, Address, address_of, server_at, server_of
from kombu_jetstream._connection.login import Login, login_of
from kombu_jetstream._connection.tls import Tls, tls_of
from kombu_jetstream._topology.options import TransportOptions
from kombu_jetstream.errors import InvalidUrl


@dataclass(frozen=True)
class Endpoint:
    """Addresses, login and TLS; two connections to equal endpoints share one socket."""

    servers: tuple[str, ...]
    login: Login = field(default_factory=Login)
    tls: Tls | None = None


def settle_fields(client: Any) -> None:
    """Move what a `kombu.Connection` was given as URLs, and a token, to the fields that kombu keeps to itself.

    kombu and Celery show users, hosts, alternates and options (worker banner, log, `inspect stats`), but no password.
    A token is a password without a user. More URLs of one cluster become the option `servers`: the NATS client changes
    servers by itself, and kombu's own cycle through them would only disturb it.

    Raises:
        InvalidUrl: a URL cannot be read, or two of them differ in more than the address.
    """
    options = dict(client.transport_options or {})
    hostname: str = client.hostname or "127.0.0.1"
    if client.uri_prefix:
        # kombu has cut `nats+` off.
        hostname, client.uri_prefix = f"{client.uri_prefix}+{hostname}", None
    addresses = [address_of(url) for url in client.alt or [hostname] if "://" in url]
    if addresses:
        first = _one_cluster(addresses)
        client.hostname, client.port = first.host, first.port
        client.virtual_host = first.virtual_host or client.virtual_host
        client.ssl = client.ssl or first.secured
        if first.password is not None:
            client.userid, client.password = first.user, first.password
    elif client.alt:
        client.hostname = client.alt[0]
    others = [address.server for address in addresses[1:]] or list((client.alt or [])[1:])
    if others:
        options["servers"] = [*others, *options.get("servers", ())]
    client.alt, client.cycle = [], None
    if client.userid and client.password is None:
        client.userid, client.password = None, client.userid
    if client.password is None and isinstance(options.get("token"), str):
        client.password = options.pop("token")
    client.transport_options = options


def endpoint_of(client: Any, options: TransportOptions) -> Endpoint:
    """What a connection with settled fields points at.

    Raises:
        InvalidOption: two logins, or a wrong address or TLS setting.
    """
    servers = dict.fromkeys([server_at(client.hostname, client.port or DEFAULT_PORT), *_servers(options.servers)])
    tls = tls_of(client.ssl, options.tls_hostname, first=options.tls_first, secured=bool(client.ssl))
    return Endpoint(tuple(servers), login_of(client.userid or None, client.password, options), tls)


def shown_url(client: Any, mask: str | None) -> str:
    """The URL that leads to the same place, with `mask` in the password's stead; None shows the password itself."""
    login = ""
    if client.password is not None:
        # kombu takes a function as well, which is asked anew for each connection.
        password = client.password() if callable(client.password) else client.password
        shown = quote(str(password), safe="") if mask is None else mask
        login = f"{quote(client.userid or '', safe='')}:{shown}@"
    server = server_at(client.hostname, client.port or DEFAULT_PORT).removeprefix("nats://")
    prefix = quote((client.virtual_host or "").strip("/"), safe="")
    return f"{'nats+tls' if client.ssl else 'nats'}://{login}{server}/{prefix}"


def _servers(addresses: Iterable[str]) -> list[str]:
    return [server_of(address) for address in addresses]


def _one_cluster(addresses: list[Address]) -> Address:
    first = addresses[0]
    for other in addresses[1:]:
        login = (other.user, other.password)
        if login not in {(None, None), (first.user, first.password)} or other.secured != first.secured:
            raise InvalidUrl("the URLs of one broker are servers of one cluster: give them the same scheme and login")
        if other.virtual_host not in {"", first.virtual_host}:
            raise InvalidUrl("the URLs of one broker are servers of one cluster: give them the same prefix")
    return first
