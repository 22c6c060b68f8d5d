"""A NATS operator with one account, as `nsc` sets them up: JWTs for the server, credentials files for users."""

import base64
import json
import os
import time
from pathlib import Path
from typing import Any

import nkeys

_OPERATOR, _ACCOUNT, _USER = nkeys.PREFIX_BYTE_OPERATOR, nkeys.PREFIX_BYTE_ACCOUNT, nkeys.PREFIX_BYTE_USER
_UNLIMITED = {"subs": -1, "data": -1, "payload": -1}


class Key:
    def __init__(self, kind: int) -> None:
        self.seed = nkeys.encode_seed(os.urandom(32), kind).decode()
        self._pair = nkeys.from_seed(bytearray(self.seed.encode()))
        self.public = self._pair.public_key.decode()

    def claim(self, name: str, subject: str, nats: dict[str, Any], expires_s: float | None = None) -> str:
        """A JWT about `subject`, signed with this key."""
        now_s = int(time.time())
        claims = {"jti": name, "iat": now_s, "iss": self.public, "name": name, "sub": subject}
        claims["nats"] = {**nats, "version": 2}
        if expires_s is not None:
            claims["exp"] = int(now_s + expires_s)
        head = {"typ": "JWT", "alg": "ed25519-nkey"}
        signed = f"{_base64url(json.dumps(head).encode())}.{_base64url(json.dumps(claims).encode())}"
        return f"{signed}.{_base64url(self._pair.sign(signed.encode()))}"


class Operator:
    def __init__(self) -> None:
        self._key = Key(_OPERATOR)
        self._account = Key(_ACCOUNT)
        self._jwt = self._key.claim("operator", self._key.public, {"type": "operator"})
        limits = {
            **_UNLIMITED, "imports": -1, "exports": -1, "wildcards": True, "conn": -1, "leaf": -1,
            "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1,
        }  # fmt: skip
        claims = {"type": "account", "limits": limits, "default_permissions": {"pub": {}, "sub": {}}}
        self._account_jwt = self._key.claim("account", self._account.public, claims)
        self._system = Key(_ACCOUNT)
        # JetStream in the system account is refused.
        no_stream = {**limits, "mem_storage": 0, "disk_storage": 0}
        self._system_jwt = self._key.claim("SYS", self._system.public, {**claims, "limits": no_stream})

    @property
    def config(self) -> str:
        """For the server's configuration."""
        accounts = {self._account.public: self._account_jwt, self._system.public: self._system_jwt}
        preload = ", ".join(f"{public}: {jwt}" for public, jwt in accounts.items())
        return (
            f"operator: {self._jwt}\nresolver: MEMORY\n"
            f"system_account: {self._system.public}\nresolver_preload: {{ {preload} }}"
        )

    def credentials(self, path: Path, *, expires_s: float | None = None, publish: tuple[str, ...] = ()) -> Path:
        """Write a user's credentials to `path`."""
        user = Key(_USER)
        claims = {"type": "user", **_UNLIMITED, "pub": {"allow": list(publish)} if publish else {}, "sub": {}}
        jwt = self._account.claim("user", user.public, claims, expires_s)
        path.write_text(
            f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
            "************************* IMPORTANT *************************\n"
            "NKEY Seed printed below can be used to sign and prove identity.\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n"
        )
        return path


def new_user_key() -> Key:
    return Key(_USER)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
