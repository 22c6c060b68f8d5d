"""Who a connection is to the server, and how nats-py is told. Secrets are in no repr."""

import base64
import binascii
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import nats.errors

from kombu_jetstream._connection.key_files import UserKey, read_credentials, read_seed
from kombu_jetstream._topology.options import TransportOptions
from kombu_jetstream.errors import InvalidOption

Secret: TypeAlias = str | Callable[[], str]


@dataclass(frozen=True)
class Login:
    """At most one way to log in; none where the server asks for none, or goes by the TLS certificate."""

    user: str | None = None
    #: A function is asked anew for each connection, also when reconnecting.
    password: Secret | None = field(default=None, repr=False)
    token: Secret | None = field(default=None, repr=False)
    #: Paths of files.
    credentials: str | None = None
    nkey_seed: str | None = None

    @property
    def told(self) -> str:
        """For error messages: which way it is and where it was given."""
        if self.credentials is not None:
            return f"the credentials file {self.credentials} (option 'credentials')" + _expiry(self.credentials)
        if self.nkey_seed is not None:
            return f"the nkey of {self.nkey_seed} (option 'nkey_seed')"
        if self.token is not None:
            return "the token (broker URL, or option 'token')"
        if self.user is not None:
            return f"user {self.user!r} with the password of the broker URL"
        return (
            "a connection without login (give one: user and password or a token in the broker URL, "
            "or one of the options 'credentials', 'nkey_seed' and 'token')"
        )

    def arguments(self) -> dict[str, Any]:
        """What `nats.connect` takes. Files are read now, and a credentials file again for each reconnect.

        Raises:
            InvalidOption: a file is not there or is not what it should be, or the package nkeys is missing.
        """
        if self.credentials is not None:
            return _jwt_arguments(self.credentials)
        if self.nkey_seed is not None:
            return {"nkeys_seed_str": read_seed(self.nkey_seed).seed}
        if self.token is not None:
            return {"token": self.token}
        return {} if self.user is None else {"user": self.user, "password": self.password or ""}


def login_of(user: str | None, password: Secret | None, options: TransportOptions) -> Login:
    """The one login given, by URL or options. A password without a user is a token.

    Raises:
        InvalidOption: there are two.
    """
    given = {
        "the broker URL": password is not None or user is not None,
        **{f"option {name!r}": getattr(options, name) is not None for name in ("token", "credentials", "nkey_seed")},
    }
    ways = [way for way, is_given in given.items() if is_given]
    if len(ways) > 1:
        raise InvalidOption(ways[-1].split("'")[1], f"a second login beside {ways[0]}; give one")
    return Login(
        user=user,
        password=password if user is not None else None,
        token=password if user is None and password is not None else options.token,
        credentials=options.credentials,
        nkey_seed=options.nkey_seed,
    )


def _jwt_arguments(path: str) -> dict[str, Any]:
    read_credentials(path)

    def read_again() -> tuple[str, UserKey]:
        try:
            return read_credentials(path)
        except InvalidOption as error:
            # While reconnecting: of nats-py's own kind, or its reconnecting would end instead of trying again.
            raise nats.errors.Error(str(error)) from error

    def jwt() -> bytearray:
        return bytearray(read_again()[0].encode())

    def sign(nonce: str) -> bytes:
        return read_again()[1].sign(nonce)

    return {"user_jwt_cb": jwt, "signature_cb": sign}


def _expiry(path: str) -> str:
    """A clause about a JWT that is no longer valid, else nothing."""
    try:
        claims = read_credentials(path)[0].split(".")[1]
        expires_s = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))).get("exp", 0)
    except (InvalidOption, binascii.Error, ValueError, IndexError, AttributeError):
        return ""
    if not isinstance(expires_s, int) or not 0 < expires_s < time.time():
        return ""
    return time.strftime(", whose JWT expired at %Y-%m-%dT%H:%M:%SZ", time.gmtime(expires_s))
