"""Broker URLs taken apart. What cannot be read is refused without being repeated: a URL holds secrets."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from kombu_jetstream.errors import InvalidOption, InvalidUrl

DEFAULT_PORT = 4222
_ESCAPES = "in a password write / as %2F, @ as %40, : as %3A, # as %23, ? as %3F"
_PLAIN, _SECURED = frozenset({"nats"}), frozenset({"tls", "nats+tls"})


@dataclass(frozen=True)
class Address:
    """One server's URL: `nats://[LOGIN@]HOST[:PORT][/PREFIX]`."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    virtual_host: str
    secured: bool

    @property
    def server(self) -> str:
        return server_at(self.host, self.port)


def address_of(url: str) -> Address:
    """What a broker URL says. A word alone before the `@` is a token, as NATS has it: no user, and a password.

    Raises:
        InvalidUrl: it is no such URL.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # Not chained: the message of the cause repeats a piece of what may be the password.
        raise InvalidUrl(f"the broker URL's host or port cannot be read; {_ESCAPES}") from None
    if parts.scheme not in _PLAIN | _SECURED:
        raise InvalidUrl(f"unknown scheme {parts.scheme}://; use nats:// or nats+tls://")
    if parts.query or parts.fragment:
        raise InvalidUrl("the broker URL ends with the prefix; options belong in broker_transport_options")
    virtual_host = unquote(parts.path).strip("/")
    if "/" in virtual_host or "@" in virtual_host:
        raise InvalidUrl(f"the broker URL's prefix is one word; {_ESCAPES}")
    user, password = _login(parts.username, parts.password)
    return Address(
        host=parts.hostname or "127.0.0.1",
        port=port or DEFAULT_PORT,
        user=user,
        password=password,
        virtual_host=virtual_host,
        secured=parts.scheme in _SECURED,
    )


def server_of(address: str) -> str:
    """`nats://host:port` of one entry of the option `servers`, which may leave out scheme and port.

    Raises:
        InvalidOption: it cannot be read, or has a login or a prefix: both belong in the broker URL.
    """
    try:
        found = address_of(address if "://" in address else f"nats://{address}")
    except InvalidUrl as error:
        raise InvalidOption("servers", str(error)) from None
    if found.user is not None or found.password is not None or found.virtual_host:
        raise InvalidOption("servers", "addresses only (host:port); login and prefix stand in the broker URL")
    return found.server


def server_at(host: str, port: int) -> str:
    return f"nats://[{host}]:{port}" if ":" in host else f"nats://{host}:{port}"


def _login(username: str | None, password: str | None) -> tuple[str | None, str | None]:
    if password is None:
        return None, unquote(username) if username else None
    return unquote(username) if username else None, unquote(password)
