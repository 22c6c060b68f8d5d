"""Where to connect and as whom, read from kombu's connection."""

import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from kombu_jetstream.errors import InvalidUrl

DEFAULT_PORT = 4222


@dataclass(frozen=True)
class Endpoint:
    """Addresses and credentials; two connections to equal endpoints share one socket."""

    servers: tuple[str, ...]
    user: str
    password: str
    tls: ssl.SSLContext | None = None

    def __repr__(self) -> str:
        return f"Endpoint(servers={self.servers!r}, user={self.user!r})"


@dataclass(frozen=True)
class Target:
    """An endpoint and the virtual host on it ("" for none)."""

    endpoint: Endpoint
    virtual_host: str


def target_of(client: Any, more_servers: tuple[str, ...] = ()) -> Target:
    """What a `kombu.Connection` points at.

    kombu takes `nats://` apart, but hands over what stands behind the plus of `nats+tls://user:pw@host/vhost` whole.

    Raises:
        InvalidUrl: user or password are missing, or the scheme is unknown.
    """
    hostname: str = client.hostname or "127.0.0.1"
    port, user, password, virtual_host = client.port, client.userid, client.password, client.virtual_host
    secured = bool(client.ssl)
    if "://" in hostname:
        url = urlsplit(hostname)
        if url.scheme != "tls":
            raise InvalidUrl(f"unknown scheme nats+{url.scheme}://; use nats:// or nats+tls://")
        hostname, port, virtual_host, secured = url.hostname or "127.0.0.1", url.port, unquote(url.path), True
        user, password = unquote(url.username or ""), unquote(url.password or "")
    if not (user and password):
        raise InvalidUrl("the broker URL needs a user and a password: nats://user:password@host:4222/prefix")
    host = f"[{hostname}]" if ":" in hostname else hostname
    servers = (f"nats://{host}:{port or DEFAULT_PORT}", *more_servers)
    endpoint = Endpoint(servers, user, password, _tls_context(client.ssl) if secured else None)
    return Target(endpoint, (virtual_host or "").strip("/"))


def _tls_context(setting: Any) -> ssl.SSLContext:
    """From Celery's `broker_use_ssl`: True, or its `ca_certs`, `certfile` and `keyfile`; or a ready context."""
    if isinstance(setting, ssl.SSLContext):
        return setting
    files: dict[str, str] = setting if isinstance(setting, dict) else {}
    context = ssl.create_default_context(cafile=files.get("ca_certs"))
    if files.get("certfile"):
        context.load_cert_chain(files["certfile"], files.get("keyfile"))
    return context
