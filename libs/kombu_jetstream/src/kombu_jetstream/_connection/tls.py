"""TLS as it was asked for: a value that two connections can share, and the context made of it."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kombu_jetstream.errors import InvalidOption

SETTING = "broker_use_ssl"
_FILES = ("ca_certs", "certfile", "keyfile")


@dataclass(frozen=True)
class Tls:
    """Celery's `broker_use_ssl` and our two options. Equal values make equal contexts."""

    ca_certs: str | None = None
    certfile: str | None = None
    keyfile: str | None = None
    verify: bool = True
    #: Made by the user; nothing else of this value counts then.
    ready: ssl.SSLContext | None = None
    #: What the server's certificate is for, where that is not its address.
    hostname: str | None = None
    #: The server begins with the handshake (its `handshake_first`), before it says a word.
    first: bool = False

    def context(self) -> ssl.SSLContext:
        """A client's context.

        Raises:
            InvalidOption: a file is missing or is no certificate or key.
        """
        if self.ready is not None:
            return self.ready
        context = ssl.create_default_context()
        if self.ca_certs is not None:
            # Only these, not the machine's as well: whoever names an authority trusts no other.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._load("ca_certs", context.load_verify_locations, self.ca_certs)
        if self.certfile is not None:
            self._load("certfile", context.load_cert_chain, self.certfile, self.keyfile)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _load(self, name: str, load: Any, *paths: str | None) -> None:
        try:
            load(*paths)
        except OSError as error:
            # SSLError, of bad contents, is an OSError too.
            reason = error.strerror or error
            told = " and ".join(path for path in paths if path)
            raise InvalidOption(name, f"cannot load {told}: {reason}", SETTING) from error


def tls_of(setting: Any, hostname: str | None, *, first: bool, secured: bool) -> Tls | None:
    """From `broker_use_ssl` (True, a mapping or a ready context) and the URL's scheme; None for no TLS.

    Raises:
        InvalidOption: the mapping has a key that is not known, or TLS options stand where no TLS is.
    """
    if not secured and not setting:
        if hostname is not None or first:
            name = "tls_hostname" if hostname is not None else "tls_first"
            raise InvalidOption(name, "goes with TLS; write nats+tls:// or set broker_use_ssl")
        return None
    if isinstance(setting, ssl.SSLContext):
        return Tls(ready=setting, hostname=hostname, first=first)
    files: Mapping[str, Any] = setting if isinstance(setting, Mapping) else {}
    for key in files:
        if key not in {*_FILES, "cert_reqs"}:
            raise InvalidOption(key, f"unknown; known are {', '.join(_FILES)} and cert_reqs", SETTING)
    if files.get("keyfile") and not files.get("certfile"):
        raise InvalidOption("keyfile", "goes with a certfile", SETTING)
    if files.get("cert_reqs", ssl.CERT_REQUIRED) not in {ssl.CERT_REQUIRED, ssl.CERT_NONE}:
        raise InvalidOption("cert_reqs", "ssl.CERT_REQUIRED (the default), or ssl.CERT_NONE to verify nothing", SETTING)
    verify = files.get("cert_reqs") != ssl.CERT_NONE
    return Tls(**{name: files.get(name) for name in _FILES}, verify=verify, hostname=hostname, first=first)
